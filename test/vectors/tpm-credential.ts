import {
  constants,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto';
import { z } from 'zod';
import {
  credentialFile,
  credentialFileHeader,
  eccCredentialSeed,
  Malformed,
  makeCredential,
  protectCredential,
  type TpmHash,
  type TpmKey,
} from '#attestation';
import { type Judged, readCaseFile } from './case.ts';
import { readKeyFile, readPrivateKeyFile } from './tpm-files.ts';

const hex = z.string().regex(/^([\da-f]{2})*$/i);
const credentialRow = z.looseObject({
  blob: z.string(),
  ak_name: hex,
  ek: z.string().nullish(),
  ek_private: z.string().nullish(),
  secret: hex.nullish(),
  kat: z.record(z.string(), z.unknown()).nullish(),
});
type CredentialRow = z.infer<typeof credentialRow>;

/** A wrapped credential: opened with the endorsement key where the row has it, and made again from what was inside. */
export const judgeTpmCredential = async (dir: string, unparsed: unknown): Promise<Judged> => {
  const row = credentialRow.parse(unparsed);
  const blob = await readCaseFile(dir, row.blob);
  const parts = partsOf(blob);
  const ek = row.ek ? await readKeyFile(dir, row.ek) : undefined;
  if (!row.ek_private) return judgeForm(row, ek, blob, parts);
  const privateKey = await readPrivateKeyFile(dir, row.ek_private);
  const akName = Buffer.from(row.ak_name, 'hex');
  const opened = open(parts, privateKey, akName, ek);
  if (opened === undefined) return { got: 'invalid', reason: 'the seed does not come out with this endorsement key' };
  const { made, seed, secret } = opened;
  if (!made.integrity.equals(parts.integrity)) return { got: 'invalid', reason: 'the integrity HMAC is another' };
  if (row.secret && secret.toString('hex') !== row.secret.toLowerCase())
    return { got: 'invalid', reason: 'another secret is inside' };
  const steps: Readonly<Record<string, Uint8Array>> = {
    ...{ seed, sym_key: made.symmetricKey, hmac_key: made.hmacKey },
    ...{ enc_identity: made.encIdentity, integrity_hmac: made.integrity },
  };
  const wrong = Object.entries(row.kat ?? {}).filter(
    ([name, value]) => name in steps && Buffer.from(steps[name] ?? []).toString('hex') !== String(value).toLowerCase(),
  );
  const again = ek === undefined || opened.oaepSeed === undefined ? undefined : madeAgain(ek, akName, opened);
  const remade = again === undefined ? '' : ', and makeCredential gives the same file';
  if (again !== undefined && !again.equals(blob))
    return { got: 'invalid', reason: 'makeCredential gives another file' };
  return {
    got: 'valid',
    reason: `opened with the endorsement key, integrity checked, every step recomputed${remade}`,
    disagreements: wrong.map(([name]) => `${name} is another`),
  };
};

/** Without the private half only the TPM can open it; its form must be the one our own has for this key. */
const judgeForm = (row: CredentialRow, ek: TpmKey | undefined, blob: Uint8Array, parts: Parts): Judged => {
  if (ek === undefined || !row.secret)
    return { got: 'invalid', reason: 'neither an endorsement key nor what is inside' };
  const own = makeCredential(ek, Buffer.from(row.ak_name, 'hex'), Buffer.from(row.secret, 'hex'), (length) =>
    new Uint8Array(length).fill(7),
  );
  const ownParts = partsOf(credentialFile(own));
  const sameForm =
    credentialFile(own).length === blob.length &&
    ownParts.encIdentity.length === parts.encIdentity.length &&
    ownParts.encrypted.length === parts.encrypted.length;
  if (!sameForm) return { got: 'invalid', reason: 'of another form than a credential for this endorsement key' };
  return { got: 'valid', reason: 'well formed for this endorsement key and secret; only its TPM can open it' };
};

type Parts = { readonly integrity: Buffer; readonly encIdentity: Buffer; readonly encrypted: Buffer };

const partsOf = (bytes: Uint8Array): Parts => {
  const all = Buffer.from(bytes);
  const header = Buffer.from(credentialFileHeader, 'hex');
  if (!all.subarray(0, header.length).equals(header)) throw wrong('header', all.subarray(0, 8).toString('hex'));
  const [idObject, rest] = sized(all.subarray(header.length), 'credentialBlob');
  const [integrity, encIdentity] = sized(idObject, 'integrityHMAC');
  const [encrypted, tail] = sized(rest, 'secret');
  if (tail.length > 0) throw wrong('end', `${tail.length} bytes more`);
  return { integrity, encIdentity, encrypted };
};

const sized = (bytes: Buffer, what: string): readonly [Buffer, Buffer] => {
  const size = bytes.length < 2 ? Number.POSITIVE_INFINITY : bytes.readUInt16BE();
  if (size > bytes.length - 2) throw wrong(what, `${bytes.length} bytes`);
  return [bytes.subarray(2, 2 + size), bytes.subarray(2 + size)];
};

const wrong = (what: string, observed: string) =>
  new Malformed('wrong-value', `credential file.${what}`, observed, 'a file of tpm2_makecredential');

type Opened = {
  readonly seed: Buffer;
  readonly secret: Buffer;
  readonly oaepSeed: Buffer | undefined;
  readonly made: { readonly [Step in keyof ReturnType<typeof protectCredential>]: Buffer };
};

/** What an endorsement key's public area says beside its key: the hash of its name, and the size of its AES key. */
type Form = { readonly hash: TpmHash; readonly aesBits: number };

/** The two forms of the TCG's templates, the likelier one first. */
const templates: readonly [Form, Form] = [
  { hash: 'sha256', aesBits: 128 },
  { hash: 'sha384', aesBits: 256 },
];

const aesSizes: readonly number[] = [128, 192, 256];

/** Opened as the public area says; without one, as the template says under which its integrity holds. */
const open = (parts: Parts, key: KeyObject, akName: Buffer, ek: TpmKey | undefined): Opened | undefined => {
  const { nameHash: hash, symmetric } = ek?.area ?? {};
  if (hash !== undefined && symmetric !== undefined && aesSizes.includes(symmetric.keyBits)) {
    return openAs({ hash, aesBits: symmetric.keyBits }, parts, key, akName);
  }
  const tried = templates.map((form) => openAs(form, parts, key, akName)).filter((one) => one !== undefined);
  return tried.find(({ made }) => made.integrity.equals(parts.integrity)) ?? tried[0];
};

const openAs = ({ hash, aesBits }: Form, parts: Parts, key: KeyObject, akName: Buffer): Opened | undefined => {
  const isRsa = key.asymmetricKeyType === 'rsa';
  const seed = isRsa ? rsaSeed(parts, key, hash) : eccSeed(parts, key, hash);
  if (seed === undefined) return undefined;
  const { symmetricKey } = protectCredential({ hash, aesBits, seed, akName, secret: Buffer.alloc(1) });
  const decipher = createDecipheriv(`aes-${aesBits}-cfb`, symmetricKey, Buffer.alloc(16));
  const identity = Buffer.concat([decipher.update(parts.encIdentity), decipher.final()]);
  const [secret] =
    identity.length >= 2 && identity.readUInt16BE() === identity.length - 2 ? sized(identity, 'identity') : [];
  const made = protectCredential({ hash, aesBits, seed, akName, secret: secret ?? identity });
  const { hmacKey, encIdentity, integrity } = made;
  return {
    ...{ seed, secret: secret ?? Buffer.alloc(0), oaepSeed: isRsa ? oaepSeedOf(parts, key, hash) : undefined },
    made: {
      symmetricKey: Buffer.from(symmetricKey),
      hmacKey: Buffer.from(hmacKey),
      encIdentity: Buffer.from(encIdentity),
      integrity: Buffer.from(integrity),
    },
  };
};

const rsaSeed = ({ encrypted }: Parts, key: KeyObject, oaepHash: TpmHash): Buffer | undefined => {
  try {
    const oaepLabel = Buffer.from('IDENTITY\0');
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash, oaepLabel }, encrypted);
  } catch {
    return undefined;
  }
};

/** Undefined where the file has no point of the key's curve. */
const eccSeed = ({ encrypted }: Parts, key: KeyObject, hash: TpmHash): Buffer | undefined => {
  const [x, rest] = sized(encrypted, 'point.x');
  const [y] = sized(rest, 'point.y');
  const own = createPublicKey(key).export({ format: 'jwk' });
  const crv = own.crv ?? '';
  const ownX = Buffer.from(own.x ?? '', 'base64url');
  // TPMs cut leading zeros, or keep them; the agreement is over numbers of the curve's width.
  const wide = (digits: Buffer): Buffer =>
    Buffer.concat([Buffer.alloc(Math.max(0, ownX.length - digits.length)), digits]);
  const jwk = { kty: 'EC', crv, x: wide(x).toString('base64url'), y: wide(y).toString('base64url') };
  try {
    const z = diffieHellman({ privateKey: key, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) });
    return Buffer.from(eccCredentialSeed(hash, z, wide(x), ownX));
  } catch {
    return undefined;
  }
};

/** The random bytes of RSAES-OAEP, out of the padded block (RFC 8017, 7.1.2). One block of MGF1 is as long as they are. */
const oaepSeedOf = ({ encrypted }: Parts, key: KeyObject, hash: TpmHash): Buffer => {
  const padded = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encrypted);
  const end = 1 + createHash(hash).digest().length;
  const mask = createHash(hash).update(padded.subarray(end)).update(Buffer.alloc(4)).digest();
  return Buffer.from(padded.subarray(1, end).map((byte, at) => byte ^ (mask[at] ?? 0)));
};

const madeAgain = (ek: TpmKey, akName: Buffer, { seed, oaepSeed, secret }: Opened): Buffer => {
  const draws = [seed, oaepSeed];
  const random = (): Uint8Array => draws.shift() ?? new Uint8Array();
  return Buffer.from(credentialFile(makeCredential(ek, akName, secret, random)));
};
