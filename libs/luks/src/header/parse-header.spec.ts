import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deviceBytes, goodHeader, headerOfCopies, headerOfText, headerWith, terms } from './header.fixture.ts';
import { parseLuks2Header } from './parse-header.ts';

const codeOf = (bytes: Uint8Array, changed = {}): string => {
  const verdict = parseLuks2Header(bytes, { ...terms, ...changed });
  return verdict.ok ? 'ok' : verdict.refusal.code;
};

describe('a header', () => {
  test('of our writer is read, and its digest is over exactly both copies', () => {
    const bytes = goodHeader();
    const verdict = parseLuks2Header(Buffer.concat([bytes, Buffer.alloc(50_000, 7)]), terms);
    expect(verdict).toMatchObject({
      ok: true,
      header: {
        ...{ label: 'web', sequence: '1', cipher: 'aes-xts-plain64', keyBits: 512, sectorBytes: 4096 },
        ...{ dataOffsetBytes: 1024 * 1024, dataBytes: deviceBytes - 1024 * 1024, checkedBytes: 32_768 },
        keyslot: { kdf: 'argon2id', iterations: 4, memoryKiB: 65_536, cpus: 1 },
        headerDigest: createHash('sha256').update(bytes).digest('hex'),
      },
    });
  });

  test('given the least change anywhere in its two copies, then it is refused', () => {
    const bytes = goodHeader();
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(codeOf(changed)).not.toBe('ok');
      }),
      { numRuns: 500 },
    );
  });

  test('given any beginning of it, then it is refused', () => {
    const bytes = goodHeader();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(codeOf(bytes.subarray(0, length))).not.toBe('ok');
      }),
    );
  });

  test('given any bytes at all, then the reader answers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9_000 }), (bytes) => {
        expect(codeOf(bytes)).not.toBe('ok');
      }),
    );
  });

  test('given any JSON under a right checksum, then the reader answers', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        expect(codeOf(headerOfText(JSON.stringify(value).slice(0, 12_000)))).not.toBe('ok');
      }),
      { numRuns: 300 },
    );
  });

  test('given any value in place of any of its fields, then it is refused or is that field', () => {
    const paths = leavesOf(metadataOf());
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), (path, value) => {
        const original = path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), metadataOf());
        fc.pre(JSON.stringify(value) !== JSON.stringify(original));
        const code = codeOf(headerWith((metadata) => put(metadata, path, value)));
        // What may be another number is one within bounds.
        if (code === 'ok') expect(path.at(-1)).toMatch(/^(time|memory|cpus|iterations)$/);
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('given %s nested as deep as it has room, then nothing overflows', (open, close) => {
    const depth = Math.floor(60_000 / (open.length + 1));
    expect(codeOf(headerOfText(`{"a":${open.repeat(depth)}1${close.repeat(depth)}}`, 65_536))).toBe('json-malformed');
  });
});

describe('a header with right checksums is refused by name', () => {
  const second = '{"type":"luks2"}';
  test.each<[string, string, Uint8Array]>([
    [
      'a second keyslot',
      'keyslot-count',
      headerWith(({ keyslots }) => Object.assign(keyslots ?? {}, { '1': JSON.parse(second) })),
    ],
    ['no keyslot', 'keyslot-count', headerWith((json) => Object.assign(json, { keyslots: {} }))],
    ['a null cipher on the data', 'segment-cipher', changed(['segments', '0', 'encryption'], 'cipher_null-ecb')],
    [
      'a null cipher on the keyslot',
      'keyslot-cipher',
      changed(['keyslots', '0', 'area', 'encryption'], 'cipher_null-ecb'),
    ],
    ['a key of 256 bits', 'keyslot-cipher', changed(['keyslots', '0', 'key_size'], 32)],
    ['PBKDF2 in the keyslot', 'keyslot-kdf', changed(['keyslots', '0', 'kdf', 'type'], 'pbkdf2')],
    ['too much memory', 'keyslot-kdf-bounds', changed(['keyslots', '0', 'kdf', 'memory'], 4 * 1024 * 1024)],
    ['too little memory', 'keyslot-kdf-bounds', changed(['keyslots', '0', 'kdf', 'memory'], 32)],
    ['too many iterations', 'keyslot-kdf-bounds', changed(['keyslots', '0', 'kdf', 'time'], 4_000_000_000)],
    ['too many threads', 'keyslot-kdf-bounds', changed(['keyslots', '0', 'kdf', 'cpus'], 64)],
    ['a keyslot over the header', 'keyslot-area', changed(['keyslots', '0', 'area', 'offset'], '4096')],
    ['a keyslot beyond its area', 'keyslot-area', changed(['keyslots', '0', 'area', 'size'], '1048576')],
    ['a token', 'tokens-present', changed(['tokens', '0'], { type: 'systemd-tpm2', keyslots: ['0'] })],
    ['a requirement', 'requirements-present', changed(['config', 'requirements'], { mandatory: ['unknown-v1'] })],
    ['a flag', 'flags-present', changed(['config', 'flags'], ['allow-discards'])],
    ['a re-encryption', 'reencryption', changed(['config', 'requirements'], { mandatory: ['online-reencrypt-v2'] })],
    ['a keyslot of a re-encryption', 'reencryption', changed(['keyslots', '1'], { type: 'reencrypt' })],
    ['a segment flag', 'flags-present', changed(['segments', '0', 'flags'], ['backup-previous'])],
    ['integrity', 'segment-integrity', changed(['segments', '0', 'integrity'], { type: 'hmac(sha256)' })],
    ['two segments', 'segment-count', changed(['segments', '1'], { type: 'linear' })],
    ['an unencrypted segment', 'segment-form', changed(['segments', '0', 'type'], 'linear')],
    ['data over the keyslots', 'segment-place', changed(['segments', '0', 'offset'], '32768')],
    ['data after the end', 'segment-place', changed(['segments', '0', 'offset'], '16777216')],
    ['a tweak that does not begin at 0', 'segment-form', changed(['segments', '0', 'iv_tweak'], '8')],
    ['sectors of 1024 bytes', 'segment-form', changed(['segments', '0', 'sector_size'], 1024)],
    ['a digest of another segment', 'digest-form', changed(['digests', '0', 'segments'], ['1'])],
    ['two digests', 'digest-count', changed(['digests', '1'], {})],
    ['a digest that takes hours', 'digest-form', changed(['digests', '0', 'iterations'], 4_000_000_000)],
    ['a number as text of 40 digits', 'segment-form', changed(['segments', '0', 'offset'], '9'.repeat(40))],
    ['a name it does not know', 'metadata-form', changed(['more'], {})],
    ['a name twice', 'json-malformed', headerOfText('{"keyslots":{},"keyslots":{}}')],
    ['a copy of another time', 'header-copies-differ', headerOfCopies({}, { sequence: 2n })],
    ['a copy with another JSON', 'header-copies-differ', headerOfCopies({}, { jsonText: Buffer.alloc(12_288, 'a') })],
    ['a subsystem', 'header-field', headerOfCopies({ subsystem: 'clevis' }, {})],
    ['no UUID', 'header-field', headerOfCopies({ uuid: '' }, {})],
  ])('%s: %s', (_what, code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test.each([
    ['not LUKS', 'not-luks', Buffer.alloc(40_000)],
    ['nothing', 'header-truncated', Buffer.alloc(0)],
    ['a header of 2^63 bytes', 'header-size', patched(8, '8000000000000000')],
    ['LUKS1', 'luks-version', patched(6, '0001')],
    ['another checksum algorithm', 'checksum-algorithm', patched(72, '736861353132')],
  ])('%s: %s', (_what, code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test('a device that ends within a sector: segment-place', () => {
    expect(codeOf(goodHeader(), { deviceBytes: deviceBytes + 512 })).toBe('segment-place');
    expect(codeOf(goodHeader(), { deviceBytes: 1024 * 1024 })).toBe('segment-place');
  });

  test('and what was observed moves no cursor and fills no screen', () => {
    const verdict = parseLuks2Header(changed(['segments', '0', 'encryption'], `\u001b[2J${'x'.repeat(5_000)}`), terms);
    expect(verdict.ok ? null : verdict.refusal.observed).toMatch(/^[\x20-\x7e]{1,80}…$/);
  });
});

function patched(at: number, hex: string): Buffer {
  const bytes = goodHeader();
  bytes.write(hex, at, 'hex');
  return bytes;
}

function changed(path: readonly string[], value: unknown): Buffer {
  return headerWith((metadata) => put(metadata, path, value));
}

function put(root: object, path: readonly string[], value: unknown): void {
  const parent = path.slice(0, -1).reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), root);
  Reflect.set(Object(parent), path.at(-1) ?? '', value);
}

function metadataOf(): unknown {
  let found: unknown;
  headerWith((metadata) => {
    found = metadata;
  });
  return found;
}

function leavesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}
