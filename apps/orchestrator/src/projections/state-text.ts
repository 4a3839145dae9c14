/**
 * Domain state as text and back: JSON, with bigints, maps and sets marked. Only for rows of a disposable file, whose
 * schema version changes when a state does. The marks are put in and taken out by walks of our own: JSON's replacer and
 * reviver cross into JavaScript for every value, and a row of a busy account holds thousands.
 */
export const stateToText = (state: unknown): string => JSON.stringify(marked(state));

/** What {@link stateToText} wrote. The caller names the type that it gave. */
export const textToState = <State>(text: string): State => unmarked(JSON.parse(text)) as State;

/** The same value when there is nothing to mark in it, which is so for most. */
const marked = (value: unknown): unknown => {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Map)
    return value.size === 0 ? noEntries : { $map: Array.from(value, ([key, held]) => [marked(key), marked(held)]) };
  if (value instanceof Set) return { $set: Array.from(value, marked) };
  if (Array.isArray(value)) return value.every(isText) ? value : value.map(marked);
  const fields = value as Record<string, unknown>;
  let copy: Record<string, unknown> | null = null;
  for (const name in fields) {
    const held = fields[name];
    if (typeof held !== 'bigint' && (typeof held !== 'object' || held === null)) continue;
    const next = marked(held);
    if (next === held) continue;
    copy ??= { ...fields };
    copy[name] = next;
  }
  return copy ?? fields;
};

/** Most maps of most rows are empty. */
const noEntries = { $map: [] };

const isText = (value: unknown): boolean => typeof value === 'string';

/** In place: nobody else has what was just parsed. */
const unmarked = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) value[at] = unmarked(value[at]);
    return value;
  }
  if ('$bigint' in value) return BigInt(String(value.$bigint));
  if ('$map' in value && Array.isArray(value.$map)) return new Map(value.$map.map(unmarkedEntry));
  if ('$set' in value && Array.isArray(value.$set)) return new Set(value.$set.map(unmarked));
  const fields = value as Record<string, unknown>;
  for (const name in fields) {
    const held = fields[name];
    if (typeof held === 'object') fields[name] = unmarked(held);
  }
  return fields;
};

const unmarkedEntry = ([key, held]: [unknown, unknown]): [unknown, unknown] => [unmarked(key), unmarked(held)];
