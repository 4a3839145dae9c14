import type { KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { type AttestationResult, earSchema } from './ear.ts';
import { appraisalLimits as limits } from './limits.ts';

/** How results are signed. Which of them is never taken from a token. */
export type ResultAlgorithm = 'EdDSA' | 'ES256';

/** Signs a result: a JWT, typ `eat+jwt`. Throws for a key that is not of its algorithm. */
export const signResult = (
  result: AttestationResult,
  by: { readonly key: KeyObject; readonly algorithm: ResultAlgorithm; readonly keyId: string },
): Promise<string> =>
  new SignJWT({ ...result }).setProtectedHeader({ alg: by.algorithm, typ, kid: by.keyId }).sign(by.key);

const typ = 'eat+jwt';

export type ResultRefusalCode =
  | 'result-malformed'
  | 'result-signature'
  | 'result-issuer'
  | 'result-expired'
  | 'result-from-the-future';

export type VerifiedResult =
  | { readonly ok: true; readonly result: AttestationResult }
  | { readonly ok: false; readonly code: ResultRefusalCode; readonly detail: string };

/** Whom a relying party believes, and when. */
export interface ResultTrust {
  /** The verifier's id, as its results say it; `any` of those that sign with this key. */
  readonly issuer: string | { readonly any: true };
  /** Its public key; a key that a token brings along counts for nothing. */
  readonly key: KeyObject;
  readonly algorithm: ResultAlgorithm;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Clocks of two machines differ; at most this much, in milliseconds. */
  readonly toleranceMs: number;
}

/** Verifies a result's signature, issuer and times. What it says is the relying party's to weigh. Never throws for a token. */
export const verifyResult = async (token: string, trust: ResultTrust): Promise<VerifiedResult> => {
  if (token.length > limits.resultCharsMax) {
    return {
      ok: false,
      code: 'result-malformed',
      detail: `${token.length} characters; at most ${limits.resultCharsMax}`,
    };
  }
  try {
    const { payload } = await jwtVerify(token, trust.key, {
      ...{ algorithms: [trust.algorithm], typ, requiredClaims: ['iss', 'iat', 'exp'] },
      ...(typeof trust.issuer === 'string' ? { issuer: trust.issuer } : {}),
      ...{ currentDate: new Date(trust.atMs), clockTolerance: trust.toleranceMs / 1000 },
    });
    const parsed = earSchema.safeParse(payload);
    if (!parsed.success) return { ok: false, code: 'result-malformed', detail: parsed.error.issues[0]?.message ?? '' };
    return timely(parsed.data, trust);
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return { ok: false, code: codeOf(error), detail: error.message };
  }
};

/** jose looks at `iat` only where an age is asked for. */
const timely = (result: AttestationResult, { atMs, toleranceMs }: ResultTrust): VerifiedResult =>
  result.iat * 1000 <= atMs + toleranceMs
    ? { ok: true, result }
    : { ok: false, code: 'result-from-the-future', detail: `issued at ${result.iat}` };

const codeOf = (error: errors.JOSEError): ResultRefusalCode => {
  if (error instanceof errors.JWTExpired) return 'result-expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'iss' ? 'result-issuer' : 'result-malformed';
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JOSEAlgNotAllowed) {
    return 'result-signature';
  }
  return 'result-malformed';
};
