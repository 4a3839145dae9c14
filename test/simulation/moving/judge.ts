import type { AttesterId, GroupTiers, MinerId, Tier } from '#domain';
import { aggregates, type Handling, handle, type Ids } from '#events';
import { sha256Of } from '../sealed/silicon.ts';
import { metaOf } from '../wishes.ts';

const [nonceMs, nextMs] = [120_000, 600_000];
const good: GroupTiers = {
  hardware: 'affirming',
  launch: 'affirming',
  tpm: 'affirming',
  ima: 'affirming',
  identity: 'affirming',
};

/** Records a verdict on a host's evidence, as an attestor does. What follows of it is for the processes to find out. */
export const judgeHost = async (handling: Handling, ids: Ids, minerId: MinerId, tier: Tier): Promise<void> => {
  const appraisalId = ids.uuid();
  const now = handling.clock.now();
  // A host's attester has its miner's id.
  const attesterId: string = minerId;
  const verdict = {
    ...({ type: 'RecordAppraisal', kind: 'host', appraisalId, attestorId: 'simulated-attestor', tier, now } as const),
    attesterId: attesterId as AttesterId,
    nonceSha256: sha256Of(`nonce ${appraisalId}`),
    nonceExpiresAt: now + nonceMs,
    evidenceSha256: null,
    policies: [],
    platform: 'simulated' as const,
    groups: { ...good, hardware: tier },
    refusals: [],
    claims: {
      ...{ chipId: null, product: null, reportedTcb: null, launchDigest: null, ekPublicSha256: null, akName: null },
      ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: null },
    },
    progress: { tpm: null, ima: null },
    nextDueAt: now + nextMs,
  };
  await handle(handling, aggregates.appraisal, attesterId, verdict, metaOf(appraisalId));
};
