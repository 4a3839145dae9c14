import { hkdfSync } from 'node:crypto';
import { lengthPrefixed } from '#attestation';
import { guestKeySha256, type SealedBytes, type SealingTerms } from './guest-key.ts';
import { cipherSuite } from './hpke/suite.ts';
import { xWing } from './hpke/x-wing.ts';
import { hybridSuite, type SealingSuite } from './suites.ts';
import { wipe } from './wipe.ts';

/** What a vault opens what was sealed to it with. Its private half is in what the vault keeps, and in memory while it is used. */
export type VaultSealingKey = {
  readonly suite: SealingSuite;
  /** X-Wing's: 1,216 bytes. */
  readonly publicKey: Uint8Array;
  /** How it is named by whoever seals to it. */
  readonly sha256: string;
  /** What was sealed to this key; rejects when it was not, or under other terms. */
  open(sealed: SealedBytes, terms: SealingTerms): Promise<Uint8Array>;
};

/**
 * The X-Wing key pair of a network's vault, out of the random bytes (64) that the vault keeps for it: the same bytes are
 * another pair for another network or suite. The caller wipes the bytes.
 */
export const vaultSealingKey = async (secret: Uint8Array, networkId: string): Promise<VaultSealingKey> => {
  const purpose = lengthPrefixed('hcc-vault-sealing-key-v1', hybridSuite, networkId);
  const seed = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), purpose, seedBytes));
  try {
    const privateKey = await xWing().DeserializePrivateKey(seed, false);
    const publicKey = await xWing().DeserializePublicKey(privateKey.raw);
    const raw = new Uint8Array(privateKey.raw);
    return {
      ...{ suite: hybridSuite, publicKey: raw, sha256: guestKeySha256(raw) },
      open: ({ enc, ciphertext }, terms) =>
        cipherSuite(hybridSuite).Open({ privateKey, publicKey }, enc, ciphertext, terms),
    };
  } finally {
    wipe(seed);
  }
};

const seedBytes = 32;
