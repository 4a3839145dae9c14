import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { limits } from '../limits.ts';
import type { HeaderRefusalCode } from '../luks-error.ts';
import { refuse } from './refuse.ts';

/** The one encryption we take, of data and of keyslots. */
export const cipher = 'aes-xts-plain64';
export const volumeKeyBytes = 64;
/** What keeps a volume's sectors from being changed: nothing, or a tag of HMAC-SHA-256 beside each (dm-integrity). */
export type SectorIntegrity = 'none' | 'hmac-sha256';
/** Of a volume's key, what keys the tags, behind what encrypts. */
const tagKeyBytes = { none: 0, 'hmac-sha256': 32 } as const;
/** AF stripes of LUKS: the key is spread over so many times its length. */
export const stripes = 4000;

const base64 = (bytes: number) =>
  z.string().refine((text) => {
    const decoded = Buffer.from(text, 'base64');
    return decoded.length === bytes && decoded.toString('base64') === text;
  }, `${bytes} bytes in base64`);
/** LUKS2 writes 64-bit numbers as decimal text; none of ours needs more than 53 bits. */
const uint64 = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/)
  .transform(Number)
  .refine(Number.isSafeInteger, 'a number below 2^53');
const slotId = z.string().regex(/^([0-9]|[12][0-9]|3[01])$/);

const keyslot = {
  type: z.literal('luks2'),
  af: z.strictObject({ type: z.literal('luks1'), stripes: z.literal(stripes), hash: z.literal('sha256') }),
  area: z.strictObject({
    type: z.literal('raw'),
    offset: uint64,
    size: uint64,
    encryption: z.literal(cipher),
    key_size: z.literal(volumeKeyBytes),
  }),
  kdf: z.strictObject({
    type: z.literal('argon2id'),
    time: z.int().positive(),
    memory: z.int().positive(),
    cpus: z.int().positive(),
    salt: base64(limits.saltBytes),
  }),
};

const segment = {
  type: z.literal('crypt'),
  offset: uint64,
  size: z.literal('dynamic'),
  iv_tweak: z.literal('0'),
  encryption: z.literal(cipher),
  sector_size: z.union([z.literal(512), z.literal(4096)]),
};

/** Encrypted and nothing more: a miner that changes or puts back a sector is not noticed at once. */
const plainForm = {
  keyslot: z.strictObject({ ...keyslot, key_size: z.literal(volumeKeyBytes + tagKeyBytes.none) }),
  segment: z.strictObject(segment),
};

/** With a tag beside each sector. The journal is neither encrypted nor signed: what is in it is ciphertext and tags. */
const taggedForm = {
  keyslot: z.strictObject({ ...keyslot, key_size: z.literal(volumeKeyBytes + tagKeyBytes['hmac-sha256']) }),
  segment: z.strictObject({
    ...segment,
    integrity: z.strictObject({
      type: z.literal('hmac(sha256)'),
      journal_encryption: z.literal('none'),
      journal_integrity: z.literal('none'),
    }),
  }),
};

const digestSchema = z.strictObject({
  type: z.literal('pbkdf2'),
  keyslots: z.tuple([slotId]),
  segments: z.tuple([slotId]),
  hash: z.literal('sha256'),
  iterations: z.int().min(limits.digestIterationsMin).max(limits.digestIterationsMax),
  salt: base64(limits.saltBytes),
  digest: base64(32),
});

const part = z.looseObject({ type: z.string().optional() });
const metadataSchema = z.strictObject({
  keyslots: z.record(slotId, part),
  tokens: z.record(z.string(), z.unknown()),
  segments: z.record(slotId, part),
  digests: z.record(slotId, part),
  config: z.looseObject({ json_size: uint64, keyslots_size: uint64 }),
});

type Keyslot = z.output<typeof plainForm.keyslot> | z.output<typeof taggedForm.keyslot>;
type Segment = z.output<typeof plainForm.segment>;
type Digest = z.output<typeof digestSchema>;
export type Metadata = {
  readonly keyslot: Keyslot;
  readonly segment: Segment;
  readonly digest: Digest;
  readonly keyslotsBytes: number;
  readonly jsonBytes: number;
};

/** The metadata of a volume of the one form that is wanted: one keyslot, one segment, one digest that names both, nothing
 *  else. */
export const readMetadata = (value: unknown, integrity: SectorIntegrity): Metadata => {
  const { keyslots, tokens, segments, digests, config } = strictly(
    metadataSchema,
    value,
    'the metadata',
    () => 'metadata-form',
  );
  refuseExtras(config, tokens, keyslots, segments, integrity);
  const [keyslotId, keyslotPart] = only(keyslots, 'keyslot-count', 'keyslots');
  const [segmentId, segmentPart] = only(segments, 'segment-count', 'segments');
  const [, digestPart] = only(digests, 'digest-count', 'digests');
  const form = integrity === 'none' ? plainForm : taggedForm;
  const keyslot = strictly<Keyslot>(form.keyslot, keyslotPart, `keyslot ${keyslotId}`, keyslotCode);
  const segment = strictly<Segment>(form.segment, segmentPart, `segment ${segmentId}`, segmentCode);
  const digest = strictly(digestSchema, digestPart, 'the digest', () => 'digest-form');
  if (digest.keyslots[0] !== keyslotId || digest.segments[0] !== segmentId) {
    refuse(
      'digest-form',
      'what the digest is of',
      digest.keyslots.concat(digest.segments),
      'the keyslot and the segment',
    );
  }
  return { keyslot, segment, digest, keyslotsBytes: config.keyslots_size, jsonBytes: config.json_size };
};

/** What a volume may also have, by name, before its parts are counted: a second keyslot of a re-encryption is no count. */
const refuseExtras = (
  { json_size: _json, keyslots_size: _keyslots, requirements, flags, ...unknown }: Readonly<Record<string, unknown>>,
  tokens: Readonly<Record<string, unknown>>,
  keyslots: Readonly<Record<string, { readonly type?: string | undefined }>>,
  segments: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  wanted: SectorIntegrity,
): void => {
  const inReencryption = Object.values(keyslots).some(({ type }) => type === 'reencrypt');
  if (inReencryption || /reencrypt/.test(JSON.stringify(requirements ?? null))) {
    refuse('reencryption', 'the volume', 'in the middle of a re-encryption', 'a finished volume');
  }
  if (requirements !== undefined) refuse('requirements-present', 'config.requirements', requirements, 'absent');
  if (flags !== undefined) refuse('flags-present', 'config.flags', flags, 'absent');
  const [name] = Object.keys(unknown);
  if (name !== undefined) refuse('metadata-form', 'a field of config', name, 'json_size or keyslots_size');
  if (Object.keys(tokens).length > 0) refuse('tokens-present', 'the list of tokens', tokens, 'empty');
  for (const { flags: segmentFlags, integrity } of Object.values(segments)) {
    if (segmentFlags !== undefined) refuse('flags-present', 'the flags of a segment', segmentFlags, 'absent');
    if ((integrity === undefined) !== (wanted === 'none')) {
      refuse('segment-integrity', 'the integrity of a segment', integrity, wanted === 'none' ? 'absent' : wanted);
    }
  }
};

const only = <T>(parts: Readonly<Record<string, T>>, code: HeaderRefusalCode, what: string): readonly [string, T] => {
  const [first, ...more] = Object.entries(parts);
  if (first === undefined || more.length > 0) {
    return refuse(code, `the number of ${what}`, Object.keys(parts).length, '1');
  }
  return first;
};

type Path = readonly PropertyKey[];

const keyslotCode = (path: Path): HeaderRefusalCode => {
  if (path[0] === 'kdf') return 'keyslot-kdf';
  return path[1] === 'encryption' || path.at(-1) === 'key_size' ? 'keyslot-cipher' : 'keyslot-form';
};

const segmentCode = (path: Path): HeaderRefusalCode => {
  if (path[0] === 'integrity') return 'segment-integrity';
  return path[0] === 'encryption' ? 'segment-cipher' : 'segment-form';
};

const strictly = <Output>(
  schema: z.ZodType<Output>,
  value: unknown,
  what: string,
  codeOf: (path: Path) => HeaderRefusalCode,
): Output => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0] ?? { path: [], message: 'something else' };
  const field = path.length === 0 ? what : `${path.join('.')} of ${what}`;
  return refuse(codeOf(path), field, valueAt(value, path), message);
};

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
