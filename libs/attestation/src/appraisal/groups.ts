import { appraiseIma } from '../ima/appraise.ts';
import type { SnpClaims } from '../snp/claims.ts';
import type { SnpPolicy, SnpReferences } from '../snp/policy.ts';
import { snpPolicyChecks } from '../snp/policy-checks.ts';
import type { TpmClaims } from '../tpm/claims.ts';
import { type HostBootSpec, hostBootSpecText, hostDataOf } from '../transcript.ts';
import type { Check, Verified } from '../verdict.ts';
import { check, failed, unchecked } from './check.ts';
import type { HostContext } from './context.ts';
import { bootSpecSchema, type HostEvidence } from './evidence.ts';
import { jsonOf } from './evidence-fields.ts';
import type { CompiledAppraisalPolicy } from './policy.ts';
import type { EvidenceGroup } from './tier.ts';
import type { ImaSeen, TpmSeen } from './verify-host.ts';

/** The policy's word on a report that verified, by the group each check speaks for. */
export const splitSnpChecks = (
  claims: SnpClaims,
  policy: SnpPolicy,
  references: SnpReferences,
): { readonly hardware: readonly Check[]; readonly launch: readonly Check[]; readonly binding: readonly Check[] } => {
  const checks = snpPolicyChecks(claims, policy, references);
  return {
    hardware: checks.filter(({ code }) => !isAboutLaunch(code) && code !== reportDataCode),
    launch: checks.filter(({ code }) => isAboutLaunch(code)),
    binding: checks.filter(({ code }) => code === reportDataCode),
  };
};

const reportDataCode = 'snp-report-data';
const launchCodes: ReadonlySet<string> = new Set([
  ...['snp-measurement', 'snp-host-data', 'snp-migration-agent', 'snp-vmpl-max', 'snp-guest-svn'],
  ...['snp-family-id', 'snp-image-id', 'snp-id-key', 'snp-author-key'],
]);
const isAboutLaunch = (code: string): boolean => launchCodes.has(code) || code.startsWith('snp-policy-');

/** What the chain, the chip and its firmware come to. */
export const hardwareChecks = (
  snp: Verified<SnpClaims> | null,
  byPolicy: readonly Check[],
  { network }: Pick<HostContext, 'network'>,
): readonly Check[] => {
  if (snp === null) return [];
  if (!snp.ok) return snp.checks;
  const { simulated, rootName } = snp.claims;
  const isOut = simulated && network.kind === 'production';
  const wanted = network.kind === 'production' ? 'a root of real processors' : 'any root this network was given';
  return [...snp.checks, check('hardware-simulated-on-production', !isOut, rootName, wanted), ...byPolicy];
};

/** The boot spec, read; null where it is none of this network for this attester, or is not written canonically. */
export const readBootSpec = ({ bootSpec }: HostEvidence, { network, attesterId }: HostContext): HostBootSpec | null => {
  const parsed = bootSpecSchema.safeParse(jsonOf(bootSpec));
  if (!parsed.success || hostBootSpecText(parsed.data) !== bootSpec) return null;
  return parsed.data.network === network.id && parsed.data.attesterId === attesterId ? parsed.data : null;
};

export const hostDataHexOf = ({ bootSpec }: HostEvidence): string => Buffer.from(hostDataOf(bootSpec)).toString('hex');

/** What was started: the digest of the launch, its guest policy, and the spec that HOST_DATA stands for. */
export const launchChecks = (
  snp: Verified<SnpClaims> | null,
  byPolicy: readonly Check[],
  evidence: HostEvidence,
  context: HostContext,
): readonly Check[] => {
  if (snp?.ok !== true) return [];
  const good = readBootSpec(evidence, context) !== null;
  const wanted = `canonical JSON of version 1 for ${context.attesterId} on network ${context.network.id}`;
  return [...byPolicy, check('launch-boot-spec', good, evidence.bootSpec, wanted)];
};

/** The quote, its key, and the values of its registers. */
export const tpmChecks = (
  seen: TpmSeen | null,
  { enrolled }: HostContext,
  { document: { tpm: policy } }: CompiledAppraisalPolicy,
): readonly Check[] => {
  if (seen === null) return [];
  const { verified, key } = seen;
  const name = key?.name ?? 'a key without a name';
  const isEnrolled = enrolled !== null && enrolled.akName === key?.name;
  const isSoft = enrolled?.isSimulated === true;
  return [
    check('tpm-ak-enrolled', isEnrolled, name, enrolled?.akName ?? 'an enrolled key; none is'),
    ...verified.checks,
    policy.simulatedTpm === 'unchecked'
      ? unchecked('tpm-simulated', isSoft ? 'simulated' : 'not simulated', 'unchecked by policy')
      : check('tpm-simulated', !isSoft, isSoft ? 'simulated' : 'not simulated', 'a TPM that is not software'),
    ...(verified.ok ? pcrChecks(verified.claims, policy.pcrValues) : []),
  ];
};

const pcrChecks = (
  { pcrs }: TpmClaims,
  references: CompiledAppraisalPolicy['document']['tpm']['pcrValues'],
): readonly Check[] => {
  const code = 'tpm-pcr-reference';
  if (references === 'unchecked') return [unchecked(code, `${pcrs.length} registers`, 'unchecked by policy')];
  return references.map(({ bank, index, accepted }) => {
    const value = pcrs.find((one) => one.bank === bank && one.index === index)?.value ?? 'not quoted';
    const wanted = `PCR ${index} (${bank}): ${accepted.join(' or ')}`;
    return check(code, accepted.includes(value), `PCR ${index} (${bank}): ${value}`, wanted);
  });
};

/** The measurement list, by the policy, and the files of the agent in it. */
export const imaChecks = (
  seen: ImaSeen | null,
  evidence: HostEvidence,
  { document }: CompiledAppraisalPolicy,
): readonly Check[] => {
  if (seen === null) return [];
  const { verified, delivery } = seen;
  if (verified === null) {
    return delivery.outcome === 'failed' ? [delivery] : [];
  }
  const byPolicy = verified.ok ? appraiseIma(verified.claims, document.ima) : [];
  return [delivery, ...verified.checks, ...byPolicy, ...agentChecks(seen, evidence, document.referenceValues)];
};

const agentChecks = (
  { agent }: ImaSeen,
  { agentVersion, ima }: HostEvidence,
  { agentBundles }: CompiledAppraisalPolicy['document']['referenceValues'],
): readonly Check[] => {
  if (agentBundles === 'unchecked' || agent === null) {
    return [unchecked('ima-agent-files', agentVersion, 'unchecked by policy')];
  }
  const bundle = agentBundles.find(({ version }) => version === agentVersion);
  const versions = agentBundles.map(({ version }) => version).join(', ') || 'a published release; there is none';
  const changed = agent.changed.length === 0;
  const missing = (bundle?.files ?? []).filter(({ path, digest }) => agent.measured.get(path)?.has(digest) !== true);
  const inFull = ima?.from === 0;
  const seen = missing.length === 0 ? 'all measured' : `${missing.length} not measured, first ${missing[0]?.path}`;
  const wanted = `all files of ${agentVersion} in the list`;
  return [
    check('ima-agent-unknown', bundle !== undefined, agentVersion, versions),
    check('ima-agent-changed', changed, changed ? 'none' : agent.changed.join(', '), 'no file but of a release'),
    inFull
      ? check('ima-agent-files', bundle !== undefined && missing.length === 0, seen, wanted)
      : unchecked('ima-agent-files', 'measured in an earlier round', wanted),
  ];
};

/** Said of a group whose part is not there, or could not be judged. */
export const absenceCheck = (group: Exclude<EvidenceGroup, 'identity'>, present: boolean, required: boolean): Check => {
  const code = group === 'ima' && present ? 'ima-no-quote' : (`${group}-missing` as const);
  const observed = present ? 'what it rests on did not verify' : 'not in the evidence';
  return required
    ? failed(code, observed, 'required by the policy')
    : unchecked(code, observed, 'not required by the policy');
};
