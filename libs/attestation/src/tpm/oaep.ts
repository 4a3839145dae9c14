import { constants, createHash, type KeyObject, publicEncrypt } from 'node:crypto';
import { digestBytes } from './algorithms.ts';
import type { TpmHash } from './claims.ts';

/** Unpredictable bytes, as many as asked for. */
export type RandomBytes = (length: number) => Uint8Array;

/** RSAES-OAEP with the same hash for label and mask, and with randomness from outside, which node:crypto does not take.
 *  Source: RFC 8017, 7.1.1. */
export function oaepEncrypt(
  key: KeyObject,
  hash: TpmHash,
  label: Uint8Array,
  message: Uint8Array,
  random: RandomBytes,
): Uint8Array {
  const size = digestBytes(hash);
  const modulusBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const block = Buffer.alloc(modulusBytes - size - 1);
  createHash(hash).update(label).digest().copy(block);
  block[block.length - message.length - 1] = 1;
  block.set(message, block.length - message.length);
  const seed = random(size);
  const maskedBlock = xor(block, mask(hash, seed, block.length));
  const maskedSeed = xor(seed, mask(hash, maskedBlock, size));
  const padded = Buffer.concat([Buffer.from([0]), maskedSeed, maskedBlock]);
  return publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, padded);
}

/** MGF1. */
function mask(hash: TpmHash, seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let counter = 0; counter * digestBytes(hash) < length; counter += 1) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    blocks.push(createHash(hash).update(seed).update(number).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, at) => byte ^ (b[at] ?? 0));
