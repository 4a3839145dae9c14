import { constants, type KeyObject, publicDecrypt } from 'node:crypto';
import type { ImaSignature } from './claims.ts';
import { readEcdsaSignature, verifyEcdsaDigest } from './ecdsa-digest.ts';
import type { ImaEntry } from './entry.ts';
import type { ImaKey } from './keys.ts';
import { limits } from './limits.ts';

/** What a signature says, and by which key. */
export type SignatureFound = { readonly signature: ImaSignature; readonly keyId: string | null };

const none: SignatureFound = { signature: 'none', keyId: null };
const malformed: SignatureFound = { signature: 'malformed', keyId: null };

/** Keys by id. Four bytes are no identity, so several may share one. */
export class KeyRing {
  readonly #keys = new Map<string, ImaKey[]>();
  #ecdsaLeft: number = limits.ecdsaVerifiesMax;

  add(key: ImaKey): void {
    const same = this.#keys.get(key.id);
    if (same === undefined) this.#keys.set(key.id, [key]);
    else if (!same.includes(key)) same.push(key);
  }

  /**
   * Reads a version 2 signature (03 02, hash, key id, length, signature) and verifies it over the entry's file digest, which
   * must be made with the hash the signature names. Beyond `limits.ecdsaVerifiesMax` an ECDSA signature counts as one by an
   * unknown key: verifying it costs a millisecond, and who sends the list chooses how many there are.
   */
  verify(entry: ImaEntry): SignatureFound {
    if (entry.template !== 'ima-sig' || entry.parts.tailAt === entry.parts.tailEnd) return none;
    const bytes = entry.tail;
    const hash = hashes[bytes[2] ?? 0];
    if (bytes.length < headBytes || bytes[0] !== 3 || bytes[1] !== 2 || hash === undefined) return malformed;
    if (bytes.readUInt16BE(7) !== bytes.length - headBytes) return malformed;
    const keyId = bytes.toString('hex', 3, 7);
    const keys = this.#keys.get(keyId) ?? [];
    if (keys.length === 0) return { signature: 'unknown-key', keyId };
    if (hash !== entry.algorithm) return { signature: 'bad', keyId };
    const results = keys.map((key) => this.#verifyWith(key, hash, entry.digest, bytes.subarray(headBytes)));
    if (results.includes('good')) return { signature: 'good', keyId };
    return { signature: results.includes('unknown-key') ? 'unknown-key' : 'bad', keyId };
  }

  #verifyWith({ material }: ImaKey, hash: SignedHash, digest: Buffer, signature: Buffer): ImaSignature {
    if (material.kind === 'rsa') {
      return signature.length === material.signatureBytes && verifyRsa(material.key, hash, digest, signature)
        ? 'good'
        : 'bad';
    }
    if (this.#ecdsaLeft === 0) return 'unknown-key';
    this.#ecdsaLeft -= 1;
    const rs = readEcdsaSignature(signature);
    if (rs === null) return 'bad';
    return verifyEcdsaDigest(material.curve, material.point, digest, rs.r, rs.s) ? 'good' : 'bad';
  }
}

/** Type, version, hash, key id, length. */
const headBytes = 9;

type SignedHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Hash ids of the kernel's `enum hash_algo`. */
const hashes: Readonly<Record<number, SignedHash>> = { 2: 'sha1', 4: 'sha256', 5: 'sha384', 6: 'sha512' };

const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** DigestInfo of PKCS #1, up to the digest. */
const digestInfo: Readonly<Record<SignedHash, Buffer>> = {
  sha1: bytesOf('3021300906052b0e03021a05000414'),
  sha256: bytesOf('3031300d060960864801650304020105000420'),
  sha384: bytesOf('3041300d060960864801650304020205000430'),
  sha512: bytesOf('3051300d060960864801650304020305000440'),
};

/** RSASSA-PKCS1-v1_5 over a digest: what the signature opens to must be exactly the DigestInfo. */
const verifyRsa = (key: KeyObject, hash: SignedHash, digest: Buffer, signature: Buffer): boolean => {
  try {
    const opened = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return opened.equals(Buffer.concat([digestInfo[hash], digest]));
  } catch {
    // OpenSSL throws for a number too large and for wrong padding: both are a signature that does not hold.
    return false;
  }
};
