import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulatedProcessor } from '#simulated-processor';
import { canonicalText, type Passport } from './document.ts';
import { passportLimits } from './limits.ts';
import { openScene } from './passport.fixture.ts';
import { type PassportFault, readPassport } from './read.ts';
import { passportFile } from './signed.ts';
import { verifyPassport } from './verify.ts';

const { passport, networkKey } = await openScene();
const file = Buffer.from(passportFile(passport));
const trust = { networkKey: createPublicKey(networkKey), simulated: simulatedProcessor, revocationLists: [] };
const isValid = (bytes: Uint8Array): boolean => {
  const read = readPassport(bytes);
  return 'passport' in read && verifyPassport(read.passport, trust).ok;
};
const faultOf = (bytes: Uint8Array): PassportFault | null => {
  const read = readPassport(bytes);
  return 'fault' in read ? read.fault : null;
};
const textOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

describe('a passport’s file', () => {
  test('reads back as it was made, with or without its last line’s end', () => {
    expect(readPassport(file)).toEqual({ passport });
    expect(readPassport(file.subarray(0, -1))).toEqual({ passport });
    expect(isValid(file)).toBe(true);
  });

  test('is never valid with any one byte changed', () =>
    fc.assert(
      fc.property(fc.nat({ max: file.length - 2 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(file);
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(isValid(changed)).toBe(false);
      }),
      { numRuns: 120, examples: signatureSpellings() },
    ));

  test('is never valid cut short, or with anything behind it', () =>
    fc.assert(
      fc.property(fc.nat({ max: file.length - 2 }), fc.string({ minLength: 2, maxLength: 20 }), (length, more) => {
        expect(isValid(file.subarray(0, length))).toBe(false);
        expect(isValid(Buffer.concat([file, Buffer.from(more)]))).toBe(false);
      }),
      { numRuns: 100 },
    ));

  test('is never valid with any member changed by whoever has not the network’s key', () => {
    const paths = leavesOf(passport).filter((path) => path[0] !== 'signature');
    fc.assert(
      fc.property(fc.constantFrom(...paths), (path) => {
        const changed = Buffer.from(canonicalText(changedAt(passport, path) as Passport));
        const read = readPassport(changed);
        if ('fault' in read) return;
        const { ok, checks } = verifyPassport(read.passport, trust);
        expect(ok).toBe(false);
        const failed = checks.filter(({ outcome }) => outcome === 'fail').map(({ code }) => code);
        // A founding that was changed names another key or network, or nothing that is known, and says so itself.
        expect(failed).toEqual(
          expect.arrayContaining([expect.stringMatching(/^(signature|network-founded|event-known)$/)]),
        );
      }),
      { numRuns: 80 },
    );
  });
});

describe('what is no passport', () => {
  test.each<[string, Uint8Array, PassportFault['code'], RegExp]>([
    ['nothing', Buffer.alloc(0), 'passport-form', /JSON/],
    ['other JSON', textOf({ format: 'hcc-log-head' }), 'passport-form', /format/],
    ['half of UTF-8', Buffer.from([0x7b, 0xc3]), 'passport-form', /UTF-8/],
    ['a later version', textOf({ ...passport, version: 2 }), 'passport-version', /version 2 .* reads 1/],
    ['no version', textOf({ ...passport, version: undefined }), 'passport-version', /none/],
    ['a member too many', textOf({ ...passport, more: 1 }), 'passport-form', /more/],
    ['a member too few', textOf({ ...passport, streams: undefined }), 'passport-form', /streams/],
    [
      'members in another order',
      textOf(Object.fromEntries(Object.entries(passport).reverse())),
      'passport-form',
      /canonical/,
    ],
    ['a name twice', Buffer.from(file.toString().replace('{', '{"format":"x",')), 'passport-form', /canonical/],
    [
      'a number beyond all',
      Buffer.from(file.toString().replace('"maxAgeMs":60000', '"maxAgeMs":1e999')),
      'passport-form',
      /canonical/,
    ],
    ['brackets without end', Buffer.from('['.repeat(100_000)), 'passport-form', /deeper than/],
    ['more than a passport has', Buffer.alloc(passportLimits.bytesMax + 1, 0x20), 'passport-form', /at most/],
  ])('%s is refused by what is wrong with it', (_, bytes, code, detail) => {
    expect(faultOf(bytes)).toEqual({ code, detail: expect.stringMatching(detail) });
  });

  test('any bytes and any JSON are refused, and nothing throws', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(faultOf(bytes)).not.toBeNull();
        },
      ),
      { numRuns: 500 },
    ));

  test('a passport with any member exchanged for any JSON is read or refused, and never throws', () => {
    const paths = leavesOf(passport);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const read = readPassport(Buffer.from(canonicalText(exchangedAt(passport, path, value) as Passport)));
        if ('passport' in read) verifyPassport(read.passport, trust);
      }),
      { numRuns: 100 },
    );
  });
});

/** The last character of 64 bytes in base64url has four bits that nobody reads. */
function signatureSpellings(): [number, number][] {
  const at = file.indexOf(passport.signature) + passport.signature.length - 1;
  return Array.from({ length: 31 }, (_, change) => [at, change + 1]);
}

type Path = readonly (string | number)[];

/** Every place in a document that is no object and no list. */
function leavesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([name, one]) => leavesOf(one, [...path, name]));
}

function changedAt(value: unknown, path: Path): unknown {
  const at = path.reduce<unknown>((one, name) => (one as Record<string | number, unknown>)[name], value);
  return exchangedAt(value, path, otherThan(at));
}

function otherThan(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string') return 'x';
  const last = value.at(-1) ?? '';
  // Hex stays hex, and text stays text.
  return `${value.slice(0, -1)}${/[0-9a-f]/.test(last) ? (last === '0' ? '1' : '0') : `${last}x`}`;
}

function exchangedAt(value: unknown, [name, ...rest]: Path, by: unknown): unknown {
  if (name === undefined) return by;
  if (Array.isArray(value)) return value.map((one, n) => (n === name ? exchangedAt(one, rest, by) : one));
  const members = value as Readonly<Record<string, unknown>>;
  return { ...members, [name]: exchangedAt(members[name], rest, by) };
}
