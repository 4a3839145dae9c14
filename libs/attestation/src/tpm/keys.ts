import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { Malformed } from '../malformed.ts';
import { hex16 } from './algorithms.ts';
import type { TpmKeyClaims } from './claims.ts';
import { tpmLimits } from './limits.ts';
import { nameOf, parsePublic, type TpmKeyMaterial, type TpmPublic } from './public-area.ts';

/** A key made ready to verify with: reading it costs as much as a verification, so it is read once and kept. */
export interface TpmKey {
  readonly key: KeyObject;
  /** Absent for a key that came as SubjectPublicKeyInfo: nothing is known then of what the TPM lets it sign. */
  readonly area: TpmPublic | undefined;
  readonly name: string | null;
  readonly spkiSha256: string;
  readonly kind: TpmKeyClaims['kind'];
}

/** Reads a TPM's public key out of TPM2B_PUBLIC, TPMT_PUBLIC or a DER SubjectPublicKeyInfo, told apart by its bytes.
 *  Throws Malformed, also for a point that is not on its curve. */
export function readTpmKey(bytes: Uint8Array): TpmKey {
  if (bytes.length > tpmLimits.publicBytesMax) {
    throw new Malformed('too-large', 'public key', `${bytes.length} bytes`, `at most ${tpmLimits.publicBytesMax}`);
  }
  // 0x30 is a DER SEQUENCE; as the first byte of a TPM2B it would announce more than 12,000 bytes.
  if (bytes[0] === 0x30) return described(keyOfSpki(bytes), undefined);
  const area = parsePublic(bytes);
  return described(keyOfMaterial(area.key), area);
}

/** Bytes of a coordinate, and the names of the NIST curves by TPM_ECC_CURVE. */
export const curves: Readonly<
  Record<number, { readonly jwk: string; readonly openssl: string; readonly bytes: number }>
> = {
  3: { jwk: 'P-256', openssl: 'prime256v1', bytes: 32 },
  4: { jwk: 'P-384', openssl: 'secp384r1', bytes: 48 },
};

/** A number in fixed width: TPMs cut leading zeros, or keep them. Throws Malformed for one that is too long. */
export function leftPadded(digits: Uint8Array, width: number, what: string): Uint8Array {
  let from = 0;
  while (digits[from] === 0) from += 1;
  const kept = digits.subarray(from);
  if (kept.length > width) throw new Malformed('wrong-value', what, `${kept.length} bytes`, `at most ${width}`);
  const padded = new Uint8Array(width);
  padded.set(kept, width - kept.length);
  return padded;
}

function described(key: KeyObject, area: TpmPublic | undefined): TpmKey {
  const spki = key.export({ type: 'spki', format: 'der' });
  return {
    key,
    area,
    name: area === undefined ? null : Buffer.from(nameOf(area)).toString('hex'),
    spkiSha256: createHash('sha256').update(spki).digest('hex'),
    kind: kindOf(key),
  };
}

function keyOfSpki(bytes: Uint8Array): KeyObject {
  const key = madeKey('SubjectPublicKeyInfo', () =>
    createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' }),
  );
  if (!key.export({ type: 'spki', format: 'der' }).equals(bytes)) {
    throw new Malformed(
      'not-der',
      'SubjectPublicKeyInfo',
      'not its own canonical encoding',
      'DER, with nothing behind it',
    );
  }
  return key;
}

function keyOfMaterial(material: TpmKeyMaterial): KeyObject {
  if (material.kind === 'rsa') {
    const exponent = Buffer.alloc(4);
    exponent.writeUInt32BE(material.exponent);
    const jwk = { kty: 'RSA', n: base64url(material.modulus), e: base64url(exponent) };
    return madeKey('TPMT_PUBLIC.unique', () => createPublicKey({ key: jwk, format: 'jwk' }));
  }
  const curve = curves[material.curve];
  if (curve === undefined) {
    throw new Malformed(
      'unknown-form',
      'TPMT_PUBLIC.curveID',
      hex16(material.curve),
      'P-256 (0x0003) or P-384 (0x0004)',
    );
  }
  const x = base64url(leftPadded(material.x, curve.bytes, 'TPMT_PUBLIC.unique.x'));
  const y = base64url(leftPadded(material.y, curve.bytes, 'TPMT_PUBLIC.unique.y'));
  const jwk = { kty: 'EC', crv: curve.jwk, x, y };
  return madeKey('TPMT_PUBLIC.unique', () => createPublicKey({ key: jwk, format: 'jwk' }));
}

function madeKey(what: string, make: () => KeyObject): KeyObject {
  try {
    return make();
  } catch {
    throw new Malformed('wrong-value', what, 'no public key', 'an RSA key, or a point of P-256 or P-384');
  }
}

function kindOf(key: KeyObject): TpmKeyClaims['kind'] {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength === 2_048) return 'rsa-2048';
    if (modulusLength === 3_072) return 'rsa-3072';
    return modulusLength === 4_096 ? 'rsa-4096' : 'unsupported';
  }
  if (namedCurve === 'prime256v1') return 'p-256';
  return namedCurve === 'secp384r1' ? 'p-384' : 'unsupported';
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
