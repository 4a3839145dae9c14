import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A key as a TPM has it, made by node:crypto: what a verifier sees of it, and the private half that a TPM would keep. */
export type SoftwareKey = {
  /** TPMT_PUBLIC. */
  readonly area: Buffer;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly scheme: Scheme;
};

export type Scheme = 'rsassa' | 'rsapss' | 'ecdsa';

/** fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign: what an attestation key has. */
export const akAttributes = 0x0005_0072;
/** The same with decrypt instead of sign: an endorsement key. */
export const ekAttributes = 0x0003_00b2;

export type KeyForm = {
  readonly kind: 'rsa' | 'p256' | 'p384';
  readonly attributes?: number;
  readonly scheme?: Scheme;
  readonly hash?: Hash;
};

export type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** A signing key with its public area. */
export const softwareAk = ({ kind, attributes = akAttributes, scheme, hash = 'sha256' }: KeyForm): SoftwareKey => {
  const pair = pairOf(kind);
  const used = scheme ?? (kind === 'rsa' ? 'rsassa' : 'ecdsa');
  const signing = [u16(0x0010), u16(schemeIds[used]), u16(hashIds[hash])];
  return { area: areaOf(kind, attributes, signing, pair.publicKey), ...pair, scheme: used };
};

export type EkForm = { readonly nameHash?: Hash; readonly aesBits?: number; readonly rsaBits?: number };

/** A decryption key as endorsement keys are: AES-128 (256 for P-384) in CFB mode, or of a form that no template has. */
export const softwareEk = (
  kind: KeyForm['kind'],
  { nameHash, aesBits = kind === 'p384' ? 256 : 128, rsaBits }: EkForm = {},
): SoftwareKey => {
  const pair = pairOf(kind, rsaBits);
  const storage = [u16(0x0006), u16(aesBits), u16(0x0043), u16(0x0010)];
  return { area: areaOf(kind, ekAttributes, storage, pair.publicKey, nameHash), ...pair, scheme: 'rsassa' };
};

export type QuoteForm = {
  readonly nonce: Uint8Array;
  readonly pcrs: readonly { readonly bank: Hash; readonly index: number; readonly value: string }[];
  readonly clockMs?: bigint;
  readonly resetCount?: number;
  readonly restartCount?: number;
  readonly safe?: number;
  readonly firmwareVersion?: bigint;
  readonly magic?: number;
  readonly type?: number;
  readonly hash?: Hash;
};

/** TPMS_ATTEST and TPMT_SIGNATURE over registers given in the order of banks and numbers. */
export const softwareQuote = (
  key: SoftwareKey,
  form: QuoteForm,
): { readonly attest: Buffer; readonly signature: Buffer } => {
  const hash = form.hash ?? 'sha256';
  const banks = [...new Set(form.pcrs.map(({ bank }) => bank))];
  const selections = banks.map((bank) => {
    const bitmap = Buffer.alloc(3);
    for (const { index } of form.pcrs.filter((one) => one.bank === bank)) {
      bitmap.writeUInt8(bitmap.readUInt8(index >> 3) | (1 << (index & 7)), index >> 3);
    }
    return Buffer.concat([u16(hashIds[bank]), Buffer.from([3]), bitmap]);
  });
  const values = Buffer.from(form.pcrs.map(({ value }) => value).join(''), 'hex');
  const attest = Buffer.concat([
    u32(form.magic ?? 0xff544347),
    u16(form.type ?? 0x8018),
    sized(Buffer.concat([u16(0x000b), Buffer.alloc(32, 1)])),
    sized(form.nonce),
    u64(form.clockMs ?? 1_000n),
    u32(form.resetCount ?? 3),
    u32(form.restartCount ?? 0),
    Buffer.from([form.safe ?? 1]),
    u64(form.firmwareVersion ?? 0x0102n),
    u32(selections.length),
    ...selections,
    sized(createHash(hash).update(values).digest()),
  ]);
  return { attest, signature: signatureOf(key, hash, attest) };
};

/** TPMT_SIGNATURE over any bytes. */
export const signatureOf = ({ privateKey, scheme }: SoftwareKey, hash: Hash, bytes: Uint8Array): Buffer => {
  const head = Buffer.concat([u16(schemeIds[scheme]), u16(hashIds[hash])]);
  if (scheme === 'ecdsa') {
    const joined = sign(hash, bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const half = joined.length / 2;
    return Buffer.concat([head, sized(joined.subarray(0, half)), sized(joined.subarray(half))]);
  }
  const padding = scheme === 'rsapss' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  return Buffer.concat([head, sized(sign(hash, bytes, { key: privateKey, padding }))]);
};

/** A TPM2B: size and bytes. */
export const sized = (bytes: Uint8Array): Buffer => Buffer.concat([u16(bytes.length), bytes]);

const pairOf = (kind: KeyForm['kind'], modulusLength = 2_048) =>
  kind === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength })
    : generateKeyPairSync('ec', { namedCurve: kind === 'p256' ? 'P-256' : 'P-384' });

const areaOf = (
  kind: KeyForm['kind'],
  attributes: number,
  parameters: readonly Buffer[],
  key: KeyObject,
  nameHash: Hash = kind === 'p384' ? 'sha384' : 'sha256',
): Buffer => {
  const jwk = key.export({ format: 'jwk' });
  const number = (text: string | undefined): Buffer => sized(Buffer.from(text ?? '', 'base64url'));
  const common = [u16(hashIds[nameHash]), u32(attributes), u16(0), ...parameters];
  if (kind === 'rsa')
    return Buffer.concat([
      u16(0x0001),
      ...common,
      u16(key.asymmetricKeyDetails?.modulusLength ?? 0),
      u32(0),
      number(jwk.n),
    ]);
  const curve = kind === 'p256' ? 3 : 4;
  return Buffer.concat([u16(0x0023), ...common, u16(curve), u16(0x0010), number(jwk.x), number(jwk.y)]);
};

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};

const schemeIds = { rsassa: 0x0014, rsapss: 0x0016, ecdsa: 0x0018 } as const;
const hashIds = { sha1: 4, sha256: 11, sha384: 12, sha512: 13 } as const;
