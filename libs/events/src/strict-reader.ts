import { z } from 'zod';

/** What a reader says of a value that it does not take: the schema is to be asked, and has the last word. */
export const unsure = Symbol('unsure');

/** Reads JSON: what its schema would make of it, or {@link unsure}. Never throws. */
export type StrictReader = (value: unknown) => unknown;

/**
 * A reader that takes a value only when its schema would, and then gives the same, several times faster: it says no more
 * than no, and makes nothing for a value that stays as it is. What a schema asks beyond the few kinds that events are made
 * of, the schema itself is asked; so an event is never read less strictly because somebody used a new kind.
 */
export const createStrictReader = (schema: z.core.$ZodType): StrictReader => {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'string':
      return stringReader(def) ?? bySchema(schema);
    case 'number':
      return numberReader(def) ?? bySchema(schema);
    case 'boolean':
      return hasChecks(def) ? bySchema(schema) : (value) => (typeof value === 'boolean' ? value : unsure);
    case 'enum':
      return hasChecks(def) ? bySchema(schema) : oneOf(Object.values(def.entries));
    case 'literal':
      return hasChecks(def) ? bySchema(schema) : oneOf(def.values);
    case 'nullable':
      return hasChecks(def) ? bySchema(schema) : nullableReader(createStrictReader(def.innerType));
    case 'array':
      return arrayReader(def) ?? bySchema(schema);
    case 'object':
      return objectReader(def) ?? bySchema(schema);
    case 'pipe':
      return codecReader(def) ?? bySchema(schema);
    default:
      return bySchema(schema);
  }
};

/** The same for the fields of an event, which it gives with the event's type before them. */
export const createEventReader = (type: string, schema: z.core.$ZodType): StrictReader => {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return (def.type === 'object' ? objectReader(def, { type }) : null) ?? (() => unsure);
};

const bySchema =
  (schema: z.core.$ZodType): StrictReader =>
  (value) => {
    const read = z.core.safeDecode(schema, value);
    return read.success ? read.data : unsure;
  };

type Checked = { readonly checks?: readonly z.core.$ZodCheck<never>[] | undefined };

const hasChecks = ({ checks }: Checked): boolean => checks !== undefined && checks.length > 0;

const oneOf = (values: readonly unknown[]): StrictReader => {
  const known = new Set(values);
  return (value) => (known.has(value) ? value : unsure);
};

const nullableReader =
  (inner: StrictReader): StrictReader =>
  (value) =>
    value === null ? null : inner(value);

const stringReader = (def: z.core.$ZodStringDef): StrictReader | null => {
  if (def.coerce === true) return null;
  const patterns: RegExp[] = [];
  let charsMax = Number.POSITIVE_INFINITY;
  const own = 'format' in def ? [def as z.core.$ZodStringFormatDef] : [];
  for (const check of [...own, ...(def.checks ?? []).map(({ _zod }) => (_zod as z.core.$ZodChecks['_zod']).def)]) {
    if (check.check === 'max_length') charsMax = Math.min(charsMax, check.maximum);
    else if (check.check !== 'string_format' || !formats.has(check.format) || check.pattern === undefined) return null;
    else patterns.push(check.pattern);
  }
  if (patterns.some(({ global, sticky }) => global || sticky)) return null;
  if (patterns.length === 2 && patterns[0]?.source === anyUuid && patterns[1]?.source === anyLowercase) {
    return (value) => (typeof value === 'string' && value.length <= charsMax && uuid.test(value) ? value : unsure);
  }
  // Code points are what is allowed; a text with fewer units than that has fewer of those, too.
  const [only, ...others] = patterns;
  if (only === undefined) return (value) => (typeof value === 'string' && value.length <= charsMax ? value : unsure);
  return (value) =>
    typeof value === 'string' &&
    value.length <= charsMax &&
    only.test(value) &&
    (others.length === 0 || others.every((pattern) => pattern.test(value)))
      ? value
      : unsure;
};

/** Most fields are ids. What both of these patterns take and this one does not, nobody uses; the schema is asked. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const anyUuid = z.core.regexes.uuid().source;
const anyLowercase = z.core.regexes.lowercase.source;

/** Formats that are their pattern and nothing else. */
const formats: ReadonlySet<string> = new Set(['uuid', 'datetime', 'regex', 'lowercase']);

const numberReader = (def: z.core.$ZodNumberDef): StrictReader | null => {
  if (def.coerce === true || !('format' in def) || def.format !== 'safeint') return null;
  let [min, max] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  for (const { _zod } of def.checks ?? []) {
    const check = (_zod as z.core.$ZodChecks['_zod']).def;
    if (check.check !== 'greater_than' && check.check !== 'less_than') return null;
    if (typeof check.value !== 'number' || !check.inclusive) return null;
    if (check.check === 'greater_than') min = Math.max(min, check.value);
    else max = Math.min(max, check.value);
  }
  return (value) => (Number.isInteger(value) && Number(value) >= min && Number(value) <= max ? value : unsure);
};

const arrayReader = (def: z.core.$ZodArrayDef): StrictReader | null => {
  let itemsMax = Number.POSITIVE_INFINITY;
  for (const { _zod } of def.checks ?? []) {
    const check = (_zod as z.core.$ZodChecks['_zod']).def;
    if (check.check !== 'max_length') return null;
    itemsMax = Math.min(itemsMax, check.maximum);
  }
  const readItem = createStrictReader(def.element);
  return (value) => {
    if (!Array.isArray(value) || value.length > itemsMax) return unsure;
    const items: unknown[] = [];
    for (const item of value) {
      const read = readItem(item);
      if (read === unsure) return unsure;
      items.push(read);
    }
    return items;
  };
};

/**
 * Exactly the fields of the shape, in its order and after those that it always has. Each shape has a function written for
 * it, as zod and the SQLite driver have for theirs: one loop for all shapes looks every field up by its name and takes
 * twice as long. A process that may write no code (the guest's) asks the schema. No name of a shape is anybody's input.
 */
const objectReader = (
  def: z.core.$ZodObjectDef,
  always: Readonly<Record<string, string>> = {},
): StrictReader | null => {
  const isStrict = def.catchall !== undefined && (def.catchall as z.core.$ZodTypes)._zod.def.type === 'never';
  const names = Object.keys(def.shape);
  if (!isStrict || hasChecks(def) || names.some((name) => name in {}) || !z.core.util.allowsEval.value) return null;
  const made = [
    ...Object.entries(always).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`),
    ...names.map((name, at) => `${JSON.stringify(name)}: made${at}`),
  ];
  const code = `'use strict';
return (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return unsure;
  ${names.map(readingOf).join('')}
  let known = 0;
  for (const _ in value) known += 1;
  return known === ${names.length} ? { ${made.join(', ')} } : unsure;
};`;
  const write = new Function('unsure', ...names.map((_, at) => `read${at}`), code);
  return write(unsure, ...Object.values(def.shape).map(createStrictReader)) as StrictReader;
};

/** A field that may be missing is the schema's to judge. */
const readingOf = (name: string, at: number): string => `
  const held${at} = value[${JSON.stringify(name)}];
  const made${at} = held${at} === undefined ? unsure : read${at}(held${at});
  if (made${at} === unsure) return unsure;`;

/** A codec whose decoding sees the value only: one that is given the payload as well may refuse there. */
const codecReader = (def: z.core.$ZodPipeDef): StrictReader | null => {
  const { transform } = def;
  if (hasChecks(def) || transform === undefined || transform.length > 1 || def.reverseTransform === undefined)
    return null;
  const out = (def.out as z.core.$ZodTypes)._zod.def;
  if (hasChecks(out) || (out.type !== 'custom' && out.type !== 'bigint')) return null;
  const read = createStrictReader(def.in);
  const isOut =
    out.type === 'bigint' ? (value: unknown) => typeof value === 'bigint' : (value: unknown) => out.fn(value) === true;
  return (value) => {
    const inner = read(value);
    if (inner === unsure) return unsure;
    const made = transform(inner as never, undefined as never);
    return isOut(made) ? made : unsure;
  };
};
