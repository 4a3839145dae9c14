import { createHmac } from 'node:crypto';
import { type GuestResult, type GuestTerms, guestResultOf, privateClaims } from '#attestation';
import type { SignedAbout } from '../../../apps/attestor/src/rounds/rounds.ts';
import { resultRefused } from '../../../apps/orchestrator/src/sealed/sealing.ts';
import { network } from './network.ts';

const attestorId = 'simulated-attestor';
const key = 'simulated result key';
/** As production has it. */
const toleranceMs = 5_000;

/**
 * An Attestation Result as production makes it, under a seal that takes no thread: what waits for one ends whenever it ends,
 * and then no run would be the same twice.
 */
export const signSimulated = (about: SignedAbout, guest: GuestTerms, maxAgeMs: number): string => {
  const { appraisal, evidenceSha256, policy, nonceSha256, appraisalId, attesterId, atMs } = about;
  const result = guestResultOf(
    appraisal,
    {
      ...{ verifier: { id: attestorId, build: '1' }, networkId: network.id, policy, appraisalId, attesterId },
      ...{ evidenceSha256, nonceSha256, issuedAtMs: atMs, expiresAtMs: atMs + maxAgeMs },
    },
    guest,
  );
  const text = JSON.stringify(result);
  return `${sealOf(text)}.${Buffer.from(text).toString('base64url')}`;
};

/** Its claims. Throws GuestRefused for one that the simulated attestor did not seal, and for one that has expired. */
export const readSimulated = (result: string, nowMs: number): GuestResult => {
  const [seal = '', body = ''] = result.split('.');
  const text = Buffer.from(body, 'base64url').toString('utf8');
  if (seal !== sealOf(text)) throw resultRefused('result-signature', 'nobody sealed it');
  const { submods, iss, iat, exp }: ReturnType<typeof guestResultOf> = JSON.parse(text);
  if (exp * 1_000 + toleranceMs <= nowMs) throw resultRefused('result-expired', `it was good until ${exp}`);
  if (iat * 1_000 > nowMs + toleranceMs) throw resultRefused('result-from-the-future', `issued at ${iat}`);
  const { 'ear.status': tier, [privateClaims]: own } = submods.guest;
  return { ...own, tier, issuedAtMs: iat * 1_000, expiresAtMs: exp * 1_000, attestorId: iss };
};

const sealOf = (text: string): string => createHmac('sha256', key).update(text).digest('hex');
