import type { KeyObject } from 'node:crypto';
import { type GuestSubmodule, privateClaims } from '../appraisal/ear.ts';
import { type ResultRefusalCode, verifyResult } from '../appraisal/signed-result.ts';
import type { Tier } from '../appraisal/tier.ts';

/** Whom to believe about a guest, for which network, and when. */
export interface GuestResultTrust {
  /** Ed25519, of the network's attestors. */
  readonly publicKey: KeyObject;
  readonly networkId: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** What an attestor of this network says of a guest. Whether that is good enough is the relying party's to decide. */
export type GuestResult = GuestSubmodule[typeof privateClaims] & {
  readonly tier: Tier;
  /** Milliseconds since 1970, cut to a whole second. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** Which attestor. */
  readonly attestorId: string;
};

export type GuestResultRefusalCode = ResultRefusalCode | 'result-not-of-a-guest' | 'result-other-network';

export type VerifiedGuestResult =
  | { readonly ok: true; readonly claims: GuestResult }
  | { readonly ok: false; readonly code: GuestResultRefusalCode; readonly detail: string };

/** Clocks of the network's own machines; a guest asks within a second of its verdict. */
const toleranceMs = 5_000;

/**
 * Verifies a result on a guest: signature, times, network, and that it is about a guest at all. A tier of any kind passes:
 * `claims.tier` says it. Never throws for a token.
 */
export const verifyGuestResult = async (
  token: string,
  { publicKey, networkId, nowMs }: GuestResultTrust,
): Promise<VerifiedGuestResult> => {
  const trust = { issuer: { any: true }, key: publicKey, algorithm: 'EdDSA', atMs: nowMs, toleranceMs } as const;
  const verified = await verifyResult(token, trust);
  if (!verified.ok) return verified;
  const { submods, iss, iat, exp, sub } = verified.result;
  if (!('guest' in submods)) {
    return { ok: false, code: 'result-not-of-a-guest', detail: `it is about host ${sub.slice(0, 64)}` };
  }
  const { 'ear.status': tier, [privateClaims]: own } = submods.guest;
  if (own.networkId !== networkId) {
    const detail = `it is of network ${own.networkId.slice(0, 64)}; wanted ${networkId}`;
    return { ok: false, code: 'result-other-network', detail };
  }
  return { ok: true, claims: { ...own, tier, issuedAtMs: iat * 1000, expiresAtMs: exp * 1000, attestorId: iss } };
};
