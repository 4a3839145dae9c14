import type { AppraisalCommand, AttesterId, GroupTiers, MinerId, Tier } from '#domain';
import { aggregates, derivedUuid, handle } from '#events';
import type { Bench } from '../conformance/bench.ts';

const affirmed: GroupTiers = {
  ...{ hardware: 'affirming', launch: 'affirming', tpm: 'affirming', ima: 'affirming', identity: 'affirming' },
};

/** What an attestor records of a host, beside what the orchestrator does: its chip, and how it was judged. */
export type Shown = {
  readonly n: number;
  readonly chipId?: string;
  readonly tier?: Tier;
  readonly groups?: GroupTiers;
};

const attesterOf = (minerId: MinerId): AttesterId => {
  const id: string = minerId;
  return id as AttesterId;
};

/** Records an appraisal as an attestor would. */
export const appraised = (bench: Bench, minerId: MinerId, shown: Shown): Promise<unknown> => {
  const { n, chipId = 'ab'.repeat(32), tier = 'affirming', groups = affirmed } = shown;
  const now = bench.clock.now() + n;
  const appraisalId = derivedUuid('appraised', minerId, `${n}`);
  const command: AppraisalCommand = {
    ...{ type: 'RecordAppraisal', now, attesterId: attesterOf(minerId), kind: 'host', appraisalId, attestorId: 'a-1' },
    ...{ nonceSha256: `${n}`.padStart(64, '0'), nonceExpiresAt: now + 1_000, evidenceSha256: null, policies: [] },
    ...{
      platform: 'simulated',
      tier,
      groups,
      refusals: [],
      nextDueAt: now + 60_000,
      progress: { tpm: null, ima: null },
    },
    claims: {
      ...{ chipId, product: 'Genoa', reportedTcb: '1', launchDigest: null, ekPublicSha256: null, akName: null },
      ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: '1' },
    },
  };
  return handle(bench, aggregates.appraisal, minerId, command, metaOf(appraisalId));
};

/** Records that a TPM was proved to be a miner's. */
export const enrolledKey = (bench: Bench, minerId: MinerId, ekPublicSha256: string): Promise<unknown> => {
  const command: AppraisalCommand = {
    ...{ type: 'EnrolAttestationKey', now: bench.clock.now(), attesterId: attesterOf(minerId), akPublic: 'AAA=' },
    ...{ akName: 'ab', ekPublicSha256, ekCertificateSha256: null, vendor: null, isSimulated: true },
  };
  return handle(
    bench,
    aggregates.appraisal,
    minerId,
    command,
    metaOf(derivedUuid('enrolled', minerId, ekPublicSha256)),
  );
};

const metaOf = (commandId: string) =>
  ({ commandId, actor: 'system:a-1', correlationId: commandId, causationId: commandId, traceparent: null }) as const;
