import {
  type Appraisal,
  type ExpectedBoot,
  type GroupRefusal,
  type GuestBootPolicy,
  type GuestEvidence,
  guestBindingOf,
  hostDataOf,
  overallTier,
  reportDataOf,
  type Tier,
} from '#attestation';
import { network } from './network.ts';
import { hexOf, type Measured, readReport } from './silicon.ts';

/**
 * The verdict on a guest of a simulated processor. It holds the evidence against what production does; only the signatures
 * are others, since those cost a run more than everything else in it.
 */
export const appraiseSimulated = (
  evidence: GuestEvidence,
  expected: ExpectedBoot,
  { boots }: GuestBootPolicy,
): Appraisal => {
  const measured = readReport(evidence.snp.report);
  const refusals: GroupRefusal[] = [];
  const demand = (group: GroupRefusal['group'], code: string, observed: string, wanted: string): void => {
    if (observed !== wanted) refusals.push({ group, code, observed, wanted });
  };
  demand('hardware', 'snp-signature', measured === null ? 'a report nobody signed' : 'good', 'good');
  if (measured !== null) demandMeasured(measured, evidence, expected, demand);
  const isKnown = boots.some(({ bootDigest }) => bootDigest === expected.bootDigest);
  demand('launch', 'guest-boot-reference', isKnown ? 'known' : expected.bootDigest, 'known');
  demand('launch', 'guest-boot-spec', evidence.bootSpec, expected.bootSpec);
  demand('identity', 'identity-attester', evidence.attesterId, expected.vmId);
  demand('identity', 'guest-boot-other', bootOf(evidence), bootOf(expected));
  const tierOf = (group: GroupRefusal['group']): Tier =>
    refusals.some((one) => one.group === group) ? 'contraindicated' : 'affirming';
  const groups: Appraisal['groups'] = {
    ...{ hardware: tierOf('hardware'), launch: tierOf('launch'), identity: tierOf('identity') },
    ...({ tpm: 'none', ima: 'none' } as const),
  };
  return {
    ...{ tier: overallTier(groups, new Set(['hardware', 'launch', 'identity'])), groups, refusals },
    ...{ checks: { hardware: [], launch: [], tpm: [], ima: [], identity: [] }, platform: 'simulated' },
    claims: {
      ...{ chipId: null, product: null, reportedTcb: null, ekPublicSha256: null, akName: null, imaEntries: 0 },
      ...{ imaNotAttested: 0, launchDigest: measured?.launchDigest ?? null, agentVersion: evidence.agentVersion },
    },
  };
};

type Demand = (group: GroupRefusal['group'], code: string, observed: string, wanted: string) => void;

const demandMeasured = (
  { chip, hostData, launchDigest, reportData }: Measured,
  evidence: GuestEvidence,
  expected: ExpectedBoot,
  demand: Demand,
): void => {
  const { purpose, nonce, suite } = evidence;
  const bound = reportDataOf({
    ...{ networkId: network.id, purpose, nonce, suite, attesterId: expected.vmId },
    ...{ generation: expected.generation, bootId: expected.bootId, binding: guestBindingOf(evidence) },
  });
  const wanted = expected.launchDigests.find((one) => one === launchDigest) ?? expected.launchDigests.join();
  demand('launch', 'snp-measurement', launchDigest, wanted);
  demand('launch', 'snp-host-data', hostData, hexOf(hostDataOf(expected.bootSpec)));
  demand('identity', 'guest-binding', reportData, hexOf(bound));
  demand('identity', 'guest-chip-other-miner', chip, expected.minerId);
};

const bootOf = (of: { readonly generation: number; readonly bootId: string }): string =>
  `generation ${of.generation}, boot ${of.bootId}`;
