import { createHash } from 'node:crypto';
import { cipherSuite, type HpkeKeyPair } from './hpke/suite.ts';
import { hybridSuite, type SealingSuite } from './suites.ts';

/** A guest's key pair for one boot. The private half stays in this process: nothing exports it. */
export class GuestKey {
  readonly suite: SealingSuite;
  /** As it goes into a report: X-Wing's has 1,216 bytes. */
  readonly publicKey: Uint8Array;
  /** What every message to this guest names. */
  readonly sha256: string;
  readonly #pair: HpkeKeyPair;

  constructor(suite: SealingSuite, publicKey: Uint8Array, pair: HpkeKeyPair) {
    this.suite = suite;
    this.publicKey = publicKey;
    this.sha256 = guestKeySha256(publicKey);
    this.#pair = pair;
  }

  /** What was sealed to this key; rejects when it was not, or under other terms. */
  async open(sealed: SealedBytes, terms: SealingTerms): Promise<Uint8Array> {
    return cipherSuite(this.suite).Open(this.#pair, sealed.enc, sealed.ciphertext, terms);
  }
}

export type SealedBytes = { readonly enc: Uint8Array; readonly ciphertext: Uint8Array };
export type SealingTerms = { readonly info: Uint8Array; readonly aad: Uint8Array };

/** A new key pair, from the kernel's randomness. A guest makes one for each boot. */
export const generateGuestKey = async (suite: SealingSuite = hybridSuite): Promise<GuestKey> => {
  const hpke = cipherSuite(suite);
  const pair = await hpke.GenerateKeyPair();
  return new GuestKey(suite, await hpke.SerializePublicKey(pair.publicKey), pair);
};

/** How messages and events name a guest's public key: its SHA-256 in hex. */
export const guestKeySha256 = (publicKey: Uint8Array): string => createHash('sha256').update(publicKey).digest('hex');
