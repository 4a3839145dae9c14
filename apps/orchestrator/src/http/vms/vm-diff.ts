import type { RecordedEvent } from '#events';

type Value = unknown;
type Flat = ReadonlyMap<string, Value>;

/** One field that an event changed; `null` stands for "not there" too. */
export type FieldChange = { readonly path: string; readonly from: Value; readonly to: Value };

/** One event and what it changed. */
export type Step = { readonly event: RecordedEvent; readonly changes: readonly FieldChange[] };

/** One field that is other at the end than at the beginning, and the events that changed it on the way. */
export type Change = FieldChange & { readonly by: readonly string[] };

/** Leaves of two JSON values that differ, by their paths. */
export const changesBetween = (from: Value, to: Value): readonly FieldChange[] => {
  const [before, after] = [flat(from), flat(to)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => JSON.stringify(before.get(path) ?? null) !== JSON.stringify(after.get(path) ?? null))
    .map((path) => ({ path, from: before.get(path) ?? null, to: after.get(path) ?? null }));
};

/** What is other at the end, each with the ids of the events that touched it. */
export const changesOf = (from: Value, to: Value, steps: readonly Step[]): readonly Change[] =>
  changesBetween(from, to).map((change) => ({
    ...change,
    by: steps
      .filter(({ changes }) => changes.some(({ path }) => overlaps(path, change.path)))
      .map(({ event }) => event.eventId),
  }));

/** `endpoint` and `endpoint.port` are about the same thing: one is there when the other is not. */
const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);

const flat = (value: Value, path = ''): Flat => {
  if (!isRecord(value)) return path === '' ? new Map() : new Map([[path, value]]);
  const leaves = Object.entries(value)
    .filter(([key]) => !SENTENCE.test(key))
    .flatMap(([key, inner]) => [...flat(inner, path === '' ? key : `${path}.${key}`)]);
  return new Map(leaves);
};

/** Sentences say for people what other fields say for programs. */
const SENTENCE = /^(.*T|t)ext$/;

const isRecord = (value: Value): value is Readonly<Record<string, Value>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
