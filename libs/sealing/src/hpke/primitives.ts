import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from 'node:crypto';
import type { AEAD, KDF } from 'hpke';

// The library's own primitives go through WebCrypto, a thread for each small hash: four times the time of these, and under
// emulation that is what a guest waits for. A key as a KeyObject, because Node tells plain bytes from one by an exception
// that it throws and catches. Standard pieces, in the library's form; held against the draft's vectors.

/** A copy that is a plain Uint8Array of its own memory, which is what the library promises to its callers. */
export const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/** HKDF-SHA256 (RFC 5869) by node:crypto. */
export const hkdfSha256 = (): KDF => ({
  id: 0x0001,
  type: 'KDF',
  name: 'HKDF-SHA256',
  Nh: 32,
  stages: 2,
  Extract: async (salt, ikm) => hmacSha256(salt, [ikm]),
  Expand: async (prk, info, length) => {
    const output = new Uint8Array(length);
    let block = new Uint8Array(0);
    for (let at = 0, counter = 1; at < length; at += block.length, counter += 1) {
      block = hmacSha256(prk, [block, info, Uint8Array.of(counter)]);
      output.set(block.subarray(0, length - at), at);
    }
    return output;
  },
  Derive: () => Promise.reject(new TypeError('HKDF has two stages: extract, then expand')),
});

/** AES-256-GCM by node:crypto. */
export const aes256Gcm = (): AEAD => ({
  id: 0x0002,
  type: 'AEAD',
  name: 'AES-256-GCM',
  Nk: 32,
  Nn: 12,
  Nt: tagBytes,
  Seal: async (key, nonce, aad, plaintext) => {
    const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonce).setAAD(aad);
    return plain(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  },
  Open: async (key, nonce, aad, sealed) => {
    const bodyBytes = sealed.length - tagBytes;
    const decipher = createDecipheriv('aes-256-gcm', createSecretKey(key), nonce, { authTagLength: tagBytes }).setAAD(
      aad,
    );
    decipher.setAuthTag(sealed.subarray(bodyBytes));
    const opened = decipher.update(sealed.subarray(0, bodyBytes));
    try {
      decipher.final();
      return plain(opened);
    } finally {
      opened.fill(0);
    }
  },
});

const tagBytes = 16;

const hmacSha256 = (key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const hmac = createHmac('sha256', createSecretKey(key));
  for (const part of parts) hmac.update(part);
  return new Uint8Array(hmac.digest());
};
