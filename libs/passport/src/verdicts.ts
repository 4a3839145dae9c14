import type { EvidenceAppraised } from '#domain';
import { confirmationFault, releaseFault } from './bound.ts';
import { byNetwork, byProcessor, firstOf, type PassportCheck, short, unchecked } from './check.ts';
import type { PassportAppraisal } from './document.ts';
import { type Certificates, type Court, certificateSha256, type Rejudged, rejudge } from './judging.ts';
import type { ListHere } from './lists.ts';
import type { SeenBoot } from './replay.ts';
import { certificateChecks } from './roots.ts';
import type { Told } from './told.ts';

export type VerdictFindings = {
  readonly checks: readonly PassportCheck[];
  /** By the id of the appraisal. */
  readonly rejudged: ReadonlyMap<string, Rejudged>;
};

/** Judges every verdict on the VM again, and holds against its evidence what was done because of it. */
export const verdictChecks = (
  verdicts: readonly Told<EvidenceAppraised>[],
  listed: readonly PassportAppraisal[],
  court: Court,
  lists: readonly ListHere[],
): VerdictFindings => {
  const byId = new Map(listed.map((one) => [one.appraisalId, one]));
  const rejudged = new Map(
    verdicts.map((one) => [one.event.appraisalId, rejudge(one, byId.get(one.event.appraisalId), court)] as const),
  );
  const certificates = new Map<string, Certificates>();
  for (const one of rejudged.values()) {
    if (one.kind === 'judged') certificates.set(certificateSha256(one.certificates.vek), one.certificates);
  }
  return {
    rejudged,
    checks: [
      listedCheck(verdicts, listed),
      ...verdicts.map(({ event }) => verdictCheck(event, rejudged.get(event.appraisalId))),
      ...court.boots.flatMap((boot) => boundChecks(boot, rejudged)),
      ...[...certificates.values()].flatMap((one) => certificateChecks(one, court.rootsOf, lists)),
      ...holderChecks(listed),
    ],
  };
};

const listedCheck = (
  verdicts: readonly Told<EvidenceAppraised>[],
  listed: readonly PassportAppraisal[],
): PassportCheck => {
  const known = new Set(verdicts.map(({ event }) => event.appraisalId));
  const nonces = new Set(verdicts.map(({ event }) => event.nonceSha256));
  const wrong = firstOf(
    ...listed.map(({ appraisalId }) => !known.has(appraisalId) && `appraisal ${appraisalId} is nowhere recorded`),
    new Set(listed.map(({ appraisalId }) => appraisalId)).size !== listed.length && 'one appraisal is listed twice',
    known.size !== verdicts.length && 'one appraisal is recorded twice',
    nonces.size !== verdicts.length && 'one challenge was answered twice',
  );
  return byNetwork('verdicts', 'document', wrong, `${verdicts.length} verdicts, each on a challenge of its own`);
};

const verdictCheck = (event: EvidenceAppraised, judged: Rejudged | undefined): PassportCheck => {
  const [code, about] = ['evidence', `appraisal ${short(event.appraisalId)}`];
  const recorded = `${event.tier}${event.refusals.length === 0 ? '' : ` (${event.refusals.map((one) => one.code).join(', ')})`}`;
  if (judged === undefined || judged.kind === 'not-here') {
    return unchecked(code, about, `recorded as ${recorded}; ${judged?.why ?? 'it is not here'}`, 'network');
  }
  if (judged.kind === 'wrong') return byProcessor(code, about, judged.why, { detail: '', simulated: false });
  const { appraisal, evidence } = judged;
  const simulated = appraisal.platform === 'simulated';
  const wrong = recordFault(event, judged);
  if (event.tier !== 'affirming') return byNetwork(code, about, wrong, `refused when it was judged: ${recorded}`);
  const { launchDigest, chipId, reportedTcb } = appraisal.claims;
  const detail = `affirming for ${evidence.purpose}: launch ${launchDigest?.slice(0, 16)}, chip ${chipId?.slice(0, 16)}, firmware ${reportedTcb}, ${listText(judged)}`;
  return byProcessor(code, about, wrong, { detail, simulated });
};

const listText = ({ list, judgedWithList }: Judged): string => {
  if (list === null) return 'no revocation list was kept with it';
  return judgedWithList
    ? `judged again with the revocation list of ${list.said}`
    : `judged again without the revocation list of ${list.said}, which was not in force`;
};

/** What could not be had then, and may be had now: a root's list, which is looked at apart, or certificates. */
const laterCodes: ReadonlySet<string> = new Set([
  ...['snp-revocation-list', 'snp-crl', 'snp-not-revoked', 'snp-vek-form', 'snp-chain-form'],
  ...['launch-missing', 'identity-no-report'],
]);

const recordFault = (event: EvidenceAppraised, { appraisal }: Judged): string | null => {
  const { tier, platform, claims, refusals } = appraisal;
  const codes = refusals.map(
    ({ code, observed, wanted }) => `${code} (${observed.slice(0, 80)}; wanted ${wanted.slice(0, 80)})`,
  );
  const wasForLack = event.refusals.length > 0 && event.refusals.every(({ code }) => laterCodes.has(code));
  return firstOf(
    event.kind !== 'guest' && `it is a verdict on a ${event.kind}`,
    event.tier === 'affirming' &&
      tier !== 'affirming' &&
      `recorded as affirming, judged again ${tier}: ${codes.join(', ')}`,
    event.tier !== 'affirming' &&
      tier === 'affirming' &&
      !wasForLack &&
      `recorded as ${event.tier}, judged again affirming`,
    event.platform !== platform && `recorded as of ${event.platform}, its evidence is of ${platform}`,
    event.claims.launchDigest !== claims.launchDigest &&
      `recorded with launch ${event.claims.launchDigest}, its evidence shows ${claims.launchDigest}`,
    event.claims.chipId !== claims.chipId &&
      `recorded with chip ${event.claims.chipId}, its evidence shows ${claims.chipId}`,
  );
};

const boundChecks = (
  { released, confirmed, allowed }: SeenBoot,
  rejudged: VerdictFindings['rejudged'],
): readonly PassportCheck[] => [
  ...(released === null
    ? []
    : [
        boundCheck('key-bound', released, rejudged.get(released.appraisalId), {
          fault: (judged) => releaseFault(judged.evidence, released),
          detail: `the guest's report binds guest key ${released.guestKeySha256.slice(0, 16)}, which the network says it gave the key of the disk to`,
        }),
      ]),
  ...(confirmed === null
    ? []
    : [
        boundCheck('host-key-bound', confirmed, rejudged.get(confirmed.appraisalId), {
          fault: (judged) => confirmationFault(judged.evidence, confirmed, allowed),
          detail: `SSH host key ${confirmed.sshHostKey}, header ${confirmed.headerSha256.slice(0, 16)} and counter ${confirmed.counter} are the guest's own word`,
        }),
      ]),
];

type Judged = Extract<Rejudged, { kind: 'judged' }>;

const boundCheck = (
  code: string,
  { bootId }: { readonly bootId: string },
  judged: Rejudged | undefined,
  { fault, detail }: { readonly fault: (judged: Judged) => string | null; readonly detail: string },
): PassportCheck => {
  const about = `boot ${short(bootId)}`;
  if (judged === undefined)
    return byProcessor(code, about, 'its verdict is nowhere recorded', { detail, simulated: false });
  if (judged.kind === 'wrong') return byProcessor(code, about, judged.why, { detail, simulated: false });
  if (judged.kind === 'not-here') return unchecked(code, about, `${detail}: ${judged.why}`, 'network');
  const { tier, platform } = judged.appraisal;
  const wrong = firstOf(tier !== 'affirming' && `its evidence, judged again, is ${tier}`, fault(judged));
  return byProcessor(code, about, wrong, { detail, simulated: platform === 'simulated' });
};

/** Who held a chip is in the streams of devices, which are no part of a VM's passport. */
const holderChecks = (listed: readonly PassportAppraisal[]): readonly PassportCheck[] => {
  const holders = new Map(
    listed.flatMap(({ chip }) => (chip === null ? [] : [[`${chip.deviceId} ${chip.heldBy}`, chip]])),
  );
  return [...holders.values()].map(({ deviceId, heldBy }) =>
    unchecked('chip-holder', `chip ${deviceId.slice(0, 8)}`, `counted for miner ${heldBy ?? 'nobody'}`, 'network'),
  );
};
