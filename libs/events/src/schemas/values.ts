import { z } from 'zod';
import type {
  AccountId,
  BootId,
  DepositId,
  HoldId,
  ImageDigest,
  MicroCredits,
  MinerId,
  Size,
  TokenId,
  UnixMs,
  VmId,
} from '#domain';

// Text on the wire and in the store, branded values inside. These are the only places that may make them.

const uuidText = z.uuid().lowercase();

const branded = <Id extends string>() =>
  z.codec(uuidText, z.custom<Id>(), { decode: (text) => text as Id, encode: (id) => id });

export const vmId = branded<VmId>();
export const accountId = branded<AccountId>();
export const minerId = branded<MinerId>();
export const tokenId = branded<TokenId>();
export const holdId = branded<HoldId>();
export const depositId = branded<DepositId>();
export const bootId = branded<BootId>();

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits of a SHA-256');

export const imageDigest = z.codec(sha256Hex, z.custom<ImageDigest>(), {
  decode: (text) => text as ImageDigest,
  encode: (digest) => digest,
});

/** Micro-credits as a decimal string: JSON has no bigint, and a number would round. At most 18 digits, a trillion credits. */
export const microCredits = z.codec(
  z.string().regex(/^-?(0|[1-9][0-9]{0,17})$/, 'expected a whole number of micro-credits as a decimal string'),
  z.custom<MicroCredits>(),
  { decode: (text) => BigInt(text) as MicroCredits, encode: (amount) => amount.toString() },
);

/** An instant as ISO 8601 UTC with milliseconds. */
export const instant = z.codec(z.iso.datetime({ precision: 3 }), z.custom<UnixMs>(), {
  decode: (text) => instantOf(text),
  encode: (at) => isoTime(at),
});

/** Of a text that the pattern took. One after the other is of the same day, and `Date.parse` takes several times as long. */
const instantOf = (text: string): UnixMs => {
  if (!text.startsWith(lastDay)) {
    lastDay = text.slice(0, 'YYYY-MM-DD'.length);
    lastMidnight = Date.parse(lastDay);
  }
  const seconds = (twoDigits(text, 11) * 60 + twoDigits(text, 14)) * 60 + twoDigits(text, 17);
  return lastMidnight + seconds * 1_000 + (text.charCodeAt(20) - zero) * 100 + twoDigits(text, 21);
};

const twoDigits = (text: string, at: number): number =>
  (text.charCodeAt(at) - zero) * 10 + text.charCodeAt(at + 1) - zero;

const zero = '0'.charCodeAt(0);

/** A day and when it began. */
let [lastDay, lastMidnight] = ['1970-01-01', 0];

/** `2026-01-31T12:00:00.000Z`, the one form that is stored. */
export const isoTime = (at: UnixMs): string => {
  if (at !== lastAt) [lastAt, lastText] = [at, new Date(at).toISOString()];
  return lastText;
};

/** All that is stamped within one millisecond has the same text, and it takes as long to make as to hash a line. */
let lastAt = Number.NaN;
let lastText = '';

export const revision = z.codec(z.string().regex(/^(0|[1-9][0-9]{0,18})$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (value) => value.toString(),
});

/** A count that fits a JavaScript number exactly. */
export const count = z.int().nonnegative();

export const size: z.ZodType<Size> = z.strictObject({ vcpus: count, memoryBytes: count, diskBytes: count });

/** Text that people read: bounded, so that no event grows without limit. */
export const shortText = z.string().max(200);
export const longText = z.string().max(2_000);
export const sshKeyText = z.string().max(4_096);
