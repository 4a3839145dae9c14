import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { allCodecs, goldenDir, readGoldens } from '../../../test/history/golden.ts';
import type { Json, JsonObject } from './envelope.ts';
import { createEventReader, createStrictReader, unsure } from './strict-reader.ts';

/** Every event there is, in the form that is written now. */
const forms = [...allCodecs].flatMap(([category, { stored }]) =>
  stored.map(({ type, version, schema }) => ({
    ...{ type, schema, read: createStrictReader(schema), readEvent: createEventReader(type, schema) },
    samples: readGoldens(goldenDir(process.cwd()))
      .filter((golden) => golden.category === category && golden.type === type)
      .filter((golden) => (golden.readAs ?? golden.version) === version)
      .flatMap(({ samples }) => samples),
  })),
);

/** Values that are nearly right, or not at all. */
const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>('', 'x'.repeat(201), '😀'.repeat(150), '😀'.repeat(2_001), 'y'.repeat(4_097), '-0', '007'),
  fc.constantFrom<Json>('1'.repeat(19), '2030-02-30T00:00:00.000Z', '2030-01-01T00:00:00Z', 'f'.repeat(64)),
  fc.constantFrom<Json>('A1B2C3D4-0000-4000-8000-000000000000', '00000000-0000-0000-0000-000000000000', 'running'),
  fc.constantFrom<Json>(0, -1, 1.5, 65_536, 2 ** 53, -(2 ** 53), 1e300, true, false, null, [], {}, ['', 1]),
  fc.string(),
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.integer(),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.array(fc.string(), { minLength: 60, maxLength: 70 }),
);

type Change = { readonly at: number; readonly what: 'set' | 'drop' | 'add' | 'case' | 'tail'; readonly to: Json };
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(10),
  what: fc.constantFrom('set' as const, 'drop' as const, 'add' as const, 'case' as const, 'tail' as const),
  to: odd,
});

/** The value with one of its places changed, counted through all of it. */
const changed = (value: Json, { at, what, to }: Change): Json => {
  let place = -1;
  const walk = (held: Json): Json => {
    place += 1;
    if (place === at && what === 'set') return to;
    if (typeof held === 'string' && place === at) {
      return what === 'case' ? held.toUpperCase() : what === 'tail' ? `${held}\n` : held;
    }
    if (typeof held !== 'object' || held === null) return held;
    if (Array.isArray(held)) return held.map(walk);
    const here = place === at;
    const entries = Object.entries(held).map(([name, inner]) => [name, walk(inner)] as const);
    const kept = here && what === 'drop' ? entries.slice(1) : entries;
    return Object.fromEntries(here && what === 'add' ? [...kept, ['extra', to]] : kept);
  };
  return walk(value);
};

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, held: unknown) => (typeof held === 'bigint' ? `${held}n` : held));

describe('a strict reader', () => {
  test('reads whatever was ever stored as its schema does, and is sure of nearly all of it', () => {
    const asked = new Set<string>();
    for (const { type, schema, read, samples } of forms) {
      expect(samples).not.toEqual([]);
      for (const sample of samples) {
        const made = read(sample);
        if (made === unsure) asked.add(type);
        else expect(textOf(made)).toBe(textOf(z.decode(schema, sample)));
      }
    }
    // Fields that may be missing are the schema's to judge.
    expect([...asked]).toEqual(['ImageRegistered']);
  });

  test('law: it takes nothing that its schema refuses, and makes the same of what it takes', () => {
    let taken = 0;
    let refused = 0;
    const law = fc.property(
      fc.constantFrom(...forms.filter(({ samples }) => samples.length > 0)),
      fc.nat(),
      fc.array(change, { minLength: 1, maxLength: 2 }),
      ({ type, schema, read, readEvent, samples }, which, changes) => {
        const value = changes.reduce<Json>(changed, samples[which % samples.length] ?? {}) as JsonObject;
        const made = read(value);
        const wanted = z.safeDecode(schema, value);
        if (!wanted.success) refused += 1;
        const event = readEvent(value);
        expect(event === unsure).toBe(made === unsure);
        if (made === unsure) return;
        taken += 1;
        expect(textOf(event)).toBe(textOf({ type, ...(made as object) }));
        expect([wanted.success, textOf(made)]).toEqual([true, textOf(wanted.data)]);
      },
    );
    fc.assert(law, { numRuns: 4_000 });
    // Both happen often, or the law says little.
    expect(taken).toBeGreaterThan(400);
    expect(refused).toBeGreaterThan(400);
  });

  test.each([
    ['a field of the same name twice over', '{"__proto__":{"coats":1}}'],
    ['a field that is no field of its own', '{}'],
  ])('given %s, then it is not sure', (_what, text) => {
    expect(createStrictReader(z.strictObject({ coats: z.int() }))(JSON.parse(text))).toBe(unsure);
  });

  test.each([
    ['a refined text', z.string().refine((text) => text === 'yes'), 'no'],
    ['a text that must begin so', z.string().startsWith('a'), 'b'],
    ['a number that must be a multiple', z.int().multipleOf(2), 3],
    ['a number of another kind', z.number().lt(2), 2],
    ['a list that must not be empty', z.array(z.string()).min(1), []],
    [
      'fields that must agree',
      z.strictObject({ a: z.int(), b: z.int() }).refine(({ a, b }) => a === b),
      { a: 1, b: 2 },
    ],
    ['a codec that refuses by its payload', refusing(), 'any'],
  ])('given %s, then the schema has its say', (_what, schema, value) => {
    expect(z.safeDecode(schema as z.ZodType, value).success).toBe(false);
    expect(createStrictReader(schema)(value)).toBe(unsure);
  });

  test('given a process that may write no code, then the schema reads everything, as strictly', () => {
    const program = `
      import { aggregates } from '#events';
      const read = (data) => {
        try {
          return aggregates.vm.codec.decode({ type: 'VmRecovered', version: 1, stream: 'vm-a', revision: 0n, data });
        } catch (error) {
          return error.fault;
        }
      };
      const minerId = '00000000-0000-4000-8000-000000000000';
      const mayWriteCode = (() => { try { return Boolean(new Function('')); } catch { return false; } })();
      process.stdout.write(JSON.stringify([mayWriteCode, read({ minerId }), read({ minerId, coats: 1 })]));`;
    const how = ['--disallow-code-generation-from-strings', '--conditions=hcc-source', '--input-type=module'];
    const said = execFileSync(process.execPath, [...how, '-e', program], { encoding: 'utf8' });
    const event = { type: 'VmRecovered', minerId: '00000000-0000-4000-8000-000000000000' };
    expect(JSON.parse(said)).toEqual([false, event, 'shape']);
  });
});

function refusing() {
  return z.codec(z.string(), z.custom<string>(), {
    decode: (text, payload) => {
      payload.issues.push({ code: 'custom', message: 'never', input: text });
      return text;
    },
    encode: (text) => text,
  });
}
