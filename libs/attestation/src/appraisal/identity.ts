import { createHash } from 'node:crypto';
import type { SnpClaims } from '../snp/claims.ts';
import { hostEvidenceBinding, reportDataOf } from '../transcript.ts';
import type { Check, Verified } from '../verdict.ts';
import { check, failed, unchecked } from './check.ts';
import type { DeviceHolder, HostContext } from './context.ts';
import type { HostEvidence } from './evidence.ts';
import { readBootSpec } from './groups.ts';
import type { TpmSeen } from './verify-host.ts';

/**
 * REPORT_DATA as it must be, lower-case hex: network and attester are this verifier's, the rest is what was sent. Parts that
 * are not there are empty. A boot spec that is not ours counts as one without a boot id.
 */
export const expectedReportDataHex = (evidence: HostEvidence, quote: TpmSeen | null, context: HostContext): string => {
  const { tpm, ima, agentVersion, nonce } = evidence;
  const nothing = new Uint8Array();
  const binding = hostEvidenceBinding({
    attest: tpm?.attest ?? nothing,
    signature: tpm?.signature ?? nothing,
    imaSha256: ima === null ? createHash('sha256').digest() : Buffer.from(ima.sha256, 'hex'),
    akName: Buffer.from(quote?.key?.name ?? '', 'hex'),
    agentVersion,
  });
  const { network, attesterId } = context;
  const bootId = readBootSpec(evidence, context)?.bootId ?? '';
  const of = { networkId: network.id, purpose: 'host-evidence', nonce, attesterId, generation: 0, bootId } as const;
  return Buffer.from(reportDataOf({ ...of, binding })).toString('hex');
};

/** Who speaks, whether it is an answer to us, whether the report binds it all, and whose devices they are. */
export const identityChecks = (
  evidence: HostEvidence,
  snp: Verified<SnpClaims> | null,
  binding: readonly Check[],
  context: HostContext,
): readonly Check[] => {
  const nonceSha256 = createHash('sha256').update(evidence.nonce).digest('hex');
  const { attesterId } = context;
  return [
    check('identity-attester', evidence.attesterId === attesterId, evidence.attesterId, attesterId),
    check(
      'identity-nonce',
      nonceSha256 === context.nonceSha256,
      `a nonce with SHA-256 ${nonceSha256}`,
      context.nonceSha256,
    ),
    ...bindingChecks(snp, binding),
    ...chipChecks(snp, context),
    ...tpmClaimChecks(evidence, context),
  ];
};

const bindingChecks = (snp: Verified<SnpClaims> | null, binding: readonly Check[]): readonly Check[] => {
  const wanted = 'a report over this evidence';
  if (snp === null) return [unchecked('identity-no-report', 'no report', wanted)];
  if (!snp.ok) return [failed('identity-no-report', 'a report that did not verify', wanted)];
  return binding.map(({ outcome, observed, wanted: hash }) =>
    check('identity-binding', outcome === 'passed', observed, hash),
  );
};

const chipChecks = (
  snp: Verified<SnpClaims> | null,
  { devices: { chip }, attesterId }: HostContext,
): readonly Check[] => {
  if (snp?.ok !== true) return [];
  const { chipIdHex, chipIdBound } = snp.claims;
  const code = 'chip-claimed-by-another-miner';
  if (chipIdHex === null || !chipIdBound)
    return [unchecked(code, 'a report that names no chip', 'a chip that is named')];
  if (chip === null || chip.deviceId !== chipIdHex) {
    return [failed('identity-chip-not-looked-up', chip?.deviceId ?? 'no lookup', `the holder of chip ${chipIdHex}`)];
  }
  return [holderCheck(code, chip, attesterId)];
};

const tpmClaimChecks = ({ tpm }: HostEvidence, { devices, enrolled, attesterId }: HostContext): readonly Check[] => {
  if (tpm === null || enrolled === null) return [];
  const { ekPublicSha256 } = enrolled;
  if (devices.tpm === null || devices.tpm.deviceId !== ekPublicSha256) {
    const observed = devices.tpm?.deviceId ?? 'no lookup';
    return [failed('identity-tpm-not-looked-up', observed, `the holder of TPM ${ekPublicSha256}`)];
  }
  return [holderCheck('tpm-claimed-by-another-miner', devices.tpm, attesterId)];
};

const holderCheck = (
  code: 'chip-claimed-by-another-miner' | 'tpm-claimed-by-another-miner',
  { deviceId, heldBy }: DeviceHolder,
  attesterId: string,
): Check => {
  const observed = `${deviceId.slice(0, 32)} held by ${heldBy ?? 'nobody yet'}`;
  return check(code, heldBy === null || heldBy === attesterId, observed, `held by ${attesterId} or nobody`);
};
