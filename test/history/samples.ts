import { z } from 'zod';
import type { Json, JsonObject } from '#events';

/**
 * Stored data of one event type, made from its own schema: the n-th sample takes the n-th member of every choice, and every
 * second one is as bare as the schema lets it be. Throws, with what to do, for a leaf that none of the candidates fits.
 */
export const samplesOf = (type: string, schema: z.ZodType): readonly JsonObject[] =>
  Array.from({ length: Math.max(2, choicesIn(schema)) }, (_, n) => {
    const sample = sampleOf(schema, n, type);
    if (!isObject(sample)) throw new Error(`${type}: its schema makes no object`);
    const read = z.safeDecode(schema, sample);
    if (!read.success) throw new Error(`${type}: its sample does not fit it: ${z.prettifyError(read.error)}`);
    return sample;
  });

/** Stored values of leaves, the plainest first. A leaf with a form of its own needs one here. */
const candidates: readonly Json[] = [
  'some text',
  '00000000-0000-4000-8000-000000000001',
  '2026-01-31T12:00:00.000Z',
  '12000000',
  'a'.repeat(64),
  'a'.repeat(96),
  `SHA256:${'x'.repeat(43)}`,
  `U${'A'.repeat(55)}`,
  'vm-00000000-0000-4000-8000-000000000001',
  'some-name',
  'HCC-H001',
  '7',
  7,
  1,
  true,
  null,
  {},
];

const sampleOf = (schema: z.ZodType, n: number, where: string): Json | undefined => {
  const bare = n % 2 === 1;
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape).map(([key, field]) => [
      key,
      sampleOf(typeOf(field), n, `${where}.${key}`),
    ]);
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  }
  if (schema instanceof z.ZodNullable) return bare ? null : sampleOf(typeOf(schema.unwrap()), n, where);
  if (schema instanceof z.ZodOptional) return bare ? undefined : sampleOf(typeOf(schema.unwrap()), n, where);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly) {
    return sampleOf(typeOf(schema.unwrap()), n, where);
  }
  if (schema instanceof z.ZodArray) {
    if (bare && z.safeDecode(schema, []).success) return [];
    return [sampleOf(typeOf(schema.element), n, where) ?? null];
  }
  if (schema instanceof z.ZodRecord) return recordOf(schema, n, where);
  if (schema instanceof z.ZodUnion) {
    return sampleOf(typeOf(schema.options[n % schema.options.length]), n, where);
  }
  if (schema instanceof z.ZodEnum) return schema.options[n % schema.options.length];
  if (schema instanceof z.ZodLiteral) return literalOf(schema);
  if (schema instanceof z.ZodBoolean) return !bare;
  return leafOf(schema, where);
};

const recordOf = (schema: z.ZodRecord, n: number, where: string): Json => {
  if (n % 2 === 1) return {};
  const key = sampleOf(typeOf(schema.keyType), 0, `${where} (key)`);
  return { [String(key)]: sampleOf(typeOf(schema.valueType), n, where) ?? null };
};

const literalOf = (schema: z.ZodLiteral): Json => {
  const [value] = schema.values;
  return typeof value === 'bigint' || value === undefined ? String(value) : value;
};

const leafOf = (schema: z.ZodType, where: string): Json => {
  const found = candidates.find((candidate) => z.safeDecode(schema, candidate).success);
  if (found !== undefined) return found;
  throw new Error(`${where}: no sample fits its schema; add one to the candidates in test/history/samples.ts`);
};

/** Members of the largest choice anywhere in a schema. */
const choicesIn = (schema: z.ZodType): number => {
  if (schema instanceof z.ZodObject)
    return Math.max(0, ...Object.values(schema.shape).map((it) => choicesIn(typeOf(it))));
  if (schema instanceof z.ZodEnum) return schema.options.length;
  if (schema instanceof z.ZodUnion) {
    return Math.max(schema.options.length, ...schema.options.map((option) => choicesIn(typeOf(option))));
  }
  if (schema instanceof z.ZodArray) return choicesIn(typeOf(schema.element));
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) return choicesIn(typeOf(schema.unwrap()));
  return 0;
};

const typeOf = (schema: unknown): z.ZodType => {
  if (schema instanceof z.ZodType) return schema;
  throw new Error('BUG: a schema is made of something that is none');
};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
