import { createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto';
import { lengthPrefixed, type ReportPurpose } from '#attestation';
import type { UnixMs } from '#domain';

/** What a nonce is good for: one answer, of one attester, for one purpose, until then. */
export type NonceTerms = {
  readonly attesterId: string;
  readonly purpose: ReportPurpose;
  readonly expiresAt: UnixMs;
};

/** Nonces that carry their own proof, so that whichever attestor gets the answer can tell it is one of ours. */
export type Nonces = {
  /** 32 bytes: 16 random ones and their seal over the terms. */
  issue(terms: NonceTerms): Uint8Array;
  /** Whether an attestor of this network issued these bytes on these very terms. Says nothing of whether they were used. */
  isOurs(nonce: Uint8Array, terms: NonceTerms): boolean;
};

const randomPartBytes = 16;
const nonceBytes = 32;

/** `key` is shared by the attestors of a network; who has it can only waste nonces, never answer them. */
export const createNonces = (key: Uint8Array, random: (bytes: number) => Uint8Array): Nonces => {
  // Made ready once: of bytes, each seal would make it anew, which takes longer than the seal.
  const sealingKey = createSecretKey(key);
  const seal = (randomPart: Uint8Array, { attesterId, purpose, expiresAt }: NonceTerms): Uint8Array =>
    createHmac('sha256', sealingKey)
      .update(lengthPrefixed('hcc-nonce-v1', randomPart, purpose, attesterId, String(expiresAt)))
      .digest()
      .subarray(0, nonceBytes - randomPartBytes);
  return {
    issue: (terms) => {
      const randomPart = random(randomPartBytes);
      return Buffer.concat([randomPart, seal(randomPart, terms)]);
    },
    isOurs: (nonce, terms) =>
      nonce.length === nonceBytes &&
      timingSafeEqual(nonce.subarray(randomPartBytes), seal(nonce.subarray(0, randomPartBytes), terms)),
  };
};

/** How a used nonce is remembered: what was sent need not be kept. */
export const nonceDigest = (nonce: Uint8Array): string => hash('sha256', nonce, 'hex');
