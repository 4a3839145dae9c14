import { type MicroCredits, microCredits } from '#domain';
import { misread, nameIn, type Read } from './misread.ts';

/** A size as a person types it, in bytes: `512MiB`, `2 GiB`, `2G` (binary units, whatever the spelling), `4096B`. */
export const sizeOption = (flags: string, what: string): Read<number> => [flags, what, sizeOf(nameIn(flags))];

/** A whole number within bounds. */
export const countOption = (flags: string, what: string, bounds: Bounds): Read<number> => [
  flags,
  what,
  countOf(nameIn(flags), bounds),
];

/** The place of an event in its stream, from 0. */
export const revisionOption = (flags: string, what: string): Read<bigint> => [
  flags,
  what,
  (text) => {
    if (/^\d{1,18}$/.test(text)) return BigInt(text);
    const wanted = 'a whole number from 0, as `hcc stream show` writes it';
    throw misread('revision-malformed', { ...{ name: nameIn(flags), text, what: 'a revision', wanted }, like: '10' });
  },
];

/** Bits of a register, in decimal or with 0x. */
export const bitsOption = (flags: string, what: string, bits: 32 | 64): Read<bigint> => [
  flags,
  what,
  (text) => {
    const value = /^(\d{1,20}|0x[\da-f]{1,16})$/i.test(text) ? BigInt(text) : -1n;
    if (value >= 0n && value < 1n << BigInt(bits)) return value;
    const wanted = `up to ${bits} bits, such as 0x1 or 33`;
    throw misread('number-malformed', { ...{ name: nameIn(flags), text, what: 'a register', wanted }, like: '0x1' });
  },
];

/** Credits, in micro-credits: exactly what is typed, above 0, with at most six digits after the point. */
export const creditsOption = (flags: string, what: string): Read<MicroCredits> => [
  flags,
  what,
  creditsOf(nameIn(flags)),
];

/** The same as an argument: `account grant <account> <credits>`. */
export const creditsArgument = (name: string, what: string): Read<MicroCredits> => [name, what, creditsOf(name)];

type Bounds = { readonly min: number; readonly max: number };

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
const sizeText = /^\s*(\d{1,15})\s*(?:(B)|([KMGT])(?:i?B)?)\s*$/i;

const sizeOf =
  (name: string) =>
  (text: string): number => {
    const [, count = '', , unit = ''] = sizeText.exec(text) ?? [];
    const bytes = Number(count) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase());
    if (count !== '' && bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
    throw misread('size-malformed', {
      ...{ name, text, what: 'a size' },
      wanted: `a whole number above 0 with its unit: ${units.slice(1).join(', ')}, or B for bytes`,
      like: likelySize(text),
    });
  };

/** A number without its unit is bytes where it is large, and was meant in GiB where nobody has so few bytes. */
const likelySize = (text: string): string => {
  const [, count = '', rest = ''] = /^\s*0*([1-9]\d{0,14})(?!\d)(.*)$/s.exec(text) ?? [];
  if (rest.trim() === '' && Number(count) >= 1024 ** 2) return `${count}B`;
  return count === '' || count.length > 4 || rest.startsWith('.') ? '20GiB' : `${count}GiB`;
};

const countOf =
  (name: string, { min, max }: Bounds) =>
  (text: string): number => {
    const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= min && count <= max) return count;
    const wanted = `a whole number from ${min} to ${max}`;
    throw misread('number-malformed', {
      ...{ name, text, what: 'a number that will do', wanted },
      like: Math.max(min, Math.min(max, 10)).toString(),
    });
  };

const creditsOf =
  (name: string) =>
  (text: string): MicroCredits => {
    const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
    const amount = whole === undefined ? 0n : BigInt(whole + fraction.padEnd(6, '0'));
    if (amount > 0n) return microCredits(amount);
    throw misread('credits-malformed', {
      ...{ name, text, what: 'an amount of credits' },
      wanted: 'a number above 0 with at most six digits after the point',
      like: '0.25',
    });
  };
