import { createCipheriv, createECDH, createHmac, type ECDH } from 'node:crypto';
import { Malformed } from '../malformed.ts';
import { algorithmIds, digestBytes } from './algorithms.ts';
import type { TpmHash } from './claims.ts';
import { kdfa, kdfe } from './kdf.ts';
import { curves, leftPadded, type TpmKey } from './keys.ts';
import { tpmLimits } from './limits.ts';
import { oaepEncrypt, type RandomBytes } from './oaep.ts';
import type { TpmPublic } from './public-area.ts';

/** What TPM2_ActivateCredential takes: only the TPM with this EK, holding a key of this name, gets the secret out. */
export interface TpmCredential {
  /** TPM2B_ID_OBJECT. */
  readonly idObject: Uint8Array;
  /** TPM2B_ENCRYPTED_SECRET. */
  readonly encryptedSecret: Uint8Array;
}

/**
 * TPM2_MakeCredential without a TPM: wraps `secret` for the TPM that has `ek`, to be released only if a key named `akName` is
 * loaded there beside it. Takes RSA and ECC endorsement keys with AES in CFB mode. `random` gives the seed and its wrapping.
 * Throws Malformed for a key that is no endorsement key, a name of another size, or a secret longer than the name hash.
 * Source: TPM 2.0 Library, Part 1, 24 and annexes B.10, C.6.
 */
export function makeCredential(ek: TpmKey, akName: Uint8Array, secret: Uint8Array, random: RandomBytes): TpmCredential {
  const { area, aesBits } = storageKeyOf(ek);
  const secretMax = Math.min(digestBytes(area.nameHash), tpmLimits.credentialSecretBytesMax);
  if (secret.length === 0 || secret.length > secretMax) {
    throw new Malformed('wrong-value', 'credential', `${secret.length} bytes`, `1 to ${secretMax} bytes`);
  }
  const { seed, encryptedSecret } = area.key.kind === 'rsa' ? rsaSeed(ek, area, random) : eccSeed(area, random);
  const { integrity, encIdentity } = protectCredential({ hash: area.nameHash, aesBits, seed, akName, secret });
  return { idObject: sizedBytes(Buffer.concat([sizedBytes(integrity), encIdentity])), encryptedSecret };
}

/** The file that `tpm2_activatecredential -i` reads. */
export function credentialFile({ idObject, encryptedSecret }: TpmCredential): Uint8Array {
  return Buffer.concat([Buffer.from(credentialFileHeader, 'hex'), idObject, encryptedSecret]);
}

/** Magic and version of tpm2-tools' credential file. */
export const credentialFileHeader = 'badcc0de00000001';

export interface CredentialInput {
  /** The name hash of the endorsement key. */
  readonly hash: TpmHash;
  readonly aesBits: number;
  readonly seed: Uint8Array;
  readonly akName: Uint8Array;
  readonly secret: Uint8Array;
}

export interface ProtectedCredential {
  readonly symmetricKey: Uint8Array;
  readonly hmacKey: Uint8Array;
  readonly encIdentity: Uint8Array;
  readonly integrity: Uint8Array;
}

/** The inner wrapping: what a seed makes of a secret and a key's name. */
export function protectCredential({ hash, aesBits, seed, akName, secret }: CredentialInput): ProtectedCredential {
  const symmetricKey = kdfa(hash, seed, 'STORAGE', akName, none, aesBits);
  const hmacKey = kdfa(hash, seed, 'INTEGRITY', none, none, 8 * digestBytes(hash));
  const cipher = createCipheriv(`aes-${aesBits}-cfb`, symmetricKey, Buffer.alloc(16));
  const encIdentity = Buffer.concat([cipher.update(sizedBytes(secret)), cipher.final()]);
  const integrity = createHmac(hash, hmacKey).update(encIdentity).update(akName).digest();
  return { symmetricKey, hmacKey, encIdentity, integrity };
}

/** What an ECC endorsement key and an ephemeral one agree on: z and both x in the curve's width. */
export function eccCredentialSeed(hash: TpmHash, z: Uint8Array, ephemeralX: Uint8Array, ekX: Uint8Array): Uint8Array {
  return kdfe(hash, z, label, ephemeralX, ekX, 8 * digestBytes(hash));
}

function storageKeyOf(ek: TpmKey): { readonly area: TpmPublic; readonly aesBits: number } {
  const { area } = ek;
  const cipher = area?.symmetric;
  const { restricted, decrypt, sign } = area?.attributes ?? {};
  const isStorage = restricted === true && decrypt === true && sign === false;
  const isAes = cipher?.algorithm === algorithmIds.aes && cipher.mode === algorithmIds.cfb;
  if (area === undefined || !isStorage || !isAes || ek.kind === 'unsupported' || !aesSizes.includes(cipher.keyBits)) {
    const wanted = 'a public area of a restricted decryption key of RSA, P-256 or P-384, with AES in CFB mode';
    throw new Malformed('wrong-value', 'endorsement key', 'another kind of key', wanted);
  }
  return { area, aesBits: cipher.keyBits };
}

type Seed = { readonly seed: Uint8Array; readonly encryptedSecret: Uint8Array };

function rsaSeed(ek: TpmKey, area: TpmPublic, random: RandomBytes): Seed {
  const seed = random(digestBytes(area.nameHash));
  const message = Buffer.from(`${label}\0`);
  return { seed, encryptedSecret: sizedBytes(oaepEncrypt(ek.key, area.nameHash, message, seed, random)) };
}

function eccSeed(area: TpmPublic, random: RandomBytes): Seed {
  const { key } = area;
  const curve = key.kind === 'ecc' ? curves[key.curve] : undefined;
  if (key.kind !== 'ecc' || curve === undefined) throw new Error('BUG: the key was read, so its curve is known');
  const [x, y] = [leftPadded(key.x, curve.bytes, 'x'), leftPadded(key.y, curve.bytes, 'y')];
  const ephemeral = ephemeralKey(curve, random);
  const point = ephemeral.getPublicKey();
  const [ephemeralX, ephemeralY] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)];
  const z = ephemeral.computeSecret(Buffer.concat([Buffer.from([4]), x, y]));
  const sentPoint = Buffer.concat([sizedBytes(ephemeralX), sizedBytes(ephemeralY)]);
  return { seed: eccCredentialSeed(area.nameHash, z, ephemeralX, x), encryptedSecret: sizedBytes(sentPoint) };
}

/** A scalar outside 1 to n-1 is refused by OpenSSL; for either curve that is less likely than 2^-31 a draw. */
function ephemeralKey(curve: { readonly openssl: string; readonly bytes: number }, random: RandomBytes): ECDH {
  const ecdh = createECDH(curve.openssl);
  for (let draw = 0; draw < drawsMax; draw += 1) {
    const scalar = random(curve.bytes);
    try {
      ecdh.setPrivateKey(scalar);
      return ecdh;
    } catch {
      // Outside the range: the next draw.
    }
  }
  throw new Error(`BUG: ${drawsMax} draws gave no private key: the source of randomness is broken`);
}

function sizedBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

const drawsMax = 8;
const aesSizes = [128, 192, 256];
const label = 'IDENTITY';
const none = new Uint8Array(0);
