import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { fromSeed, type KeyPair } from '@nats-io/nkeys';

/**
 * The nkey pair of a seed, with node:crypto's Ed25519. The library's own is JavaScript: 6 ms to name a key and 12 to sign,
 * several times for each credential, where this takes a tenth of one. Throws for a seed that is none.
 */
export const nativeKey = (seed: string): KeyPair => new NativeKey(fromSeed(new TextEncoder().encode(seed)));

class NativeKey implements KeyPair {
  readonly #pair: KeyPair;
  readonly #role: number;
  #raw: Uint8Array;
  #key: KeyObject | null;
  readonly #publicBytes: Uint8Array;
  readonly #publicKey: string;

  constructor(pair: KeyPair) {
    // Its checksum and prefix were looked at by the library.
    const bytes = base32Bytes(new TextDecoder().decode(pair.getSeed()));
    this.#pair = pair;
    this.#role = (((bytes[0] ?? 0) & 7) << 5) | ((bytes[1] ?? 0) >> 3);
    this.#raw = bytes.subarray(2, 2 + rawBytes);
    this.#key = createPrivateKey({ key: Buffer.concat([pkcs8, this.#raw]), format: 'der', type: 'pkcs8' });
    this.#publicBytes = createPublicKey(this.#key).export({ format: 'der', type: 'spki' }).subarray(-rawBytes);
    this.#publicKey = nkeyText(this.#role, this.#publicBytes);
  }

  getPublicKey(): string {
    return this.#publicKey;
  }

  getPrivateKey(): Uint8Array {
    this.#pair.getSeed();
    return new TextEncoder().encode(nkeyText(privateRole, Buffer.concat([this.#raw, this.#publicBytes])));
  }

  getSeed(): Uint8Array {
    return this.#pair.getSeed();
  }

  sign(input: Uint8Array): Uint8Array {
    // The library's words for a key that was cleared.
    return this.#key === null ? this.#pair.sign(input) : new Uint8Array(sign(null, input, this.#key));
  }

  verify(input: Uint8Array, signature: Uint8Array): boolean {
    return this.#key === null ? this.#pair.verify(input, signature) : verify(null, input, this.#key, signature);
  }

  clear(): void {
    this.#pair.clear();
    this.#raw.fill(0);
    this.#raw = new Uint8Array();
    this.#key = null;
  }

  seal(input: Uint8Array, recipient: string, nonce?: Uint8Array): Uint8Array {
    return this.#pair.seal(input, recipient, nonce);
  }

  open(message: Uint8Array, sender: string): Uint8Array | null {
    return this.#pair.open(message, sender);
  }
}

const rawBytes = 32;
/** RFC 8410: a private Ed25519 key, up to its 32 bytes. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** The prefix that the letter P stands for. */
const privateRole = 15 << 3;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A prefix, the bytes, and their checksum, in base 32. */
const nkeyText = (role: number, bytes: Uint8Array): string => {
  const body = Buffer.from([role, ...bytes, 0, 0]);
  body.writeUInt16LE(crc16(body.subarray(0, -2)), body.length - 2);
  let text = '';
  let [bits, held] = [0, 0];
  for (const byte of body) {
    held = ((held << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
  }
  return bits > 0 ? `${text}${alphabet[(held << (5 - bits)) & 31]}` : text;
};

const base32Bytes = (text: string): Uint8Array => {
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  for (const letter of text) {
    held = ((held << 5) | alphabet.indexOf(letter)) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  return Uint8Array.from(bytes);
};

/** CRC-16 of XMODEM. */
const crc16 = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021)) & 0xffff;
  }
  return crc;
};
