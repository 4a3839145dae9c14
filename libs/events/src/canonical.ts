import canonicalize from 'canonicalize';
import type { Json } from './envelope.ts';

/**
 * RFC 8785 text of a JSON value; `undefined` for what has none. Throws for half a surrogate pair and for a number that JSON
 * does not have. Most events and bodies are flat objects: those are written here, several times faster than by a walk
 * that keeps watch for cycles.
 */
export const canonicalText = (value: unknown): string | undefined => flat(value) ?? canonicalize(value);

/** An object of texts, whole numbers, booleans and nulls; `null` for any other value. */
const flat = (value: unknown): string | null => {
  if (typeof value !== 'object' || value === null) return null;
  if (Object.getPrototypeOf(value) !== Object.prototype) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  let [before, inOrder] = ['', true];
  for (const name of Object.keys(fields)) {
    if (!isSimple(fields[name]) || !name.isWellFormed()) return null;
    if (name < before) inOrder = false;
    before = name;
  }
  if (inOrder) return JSON.stringify(fields);
  const text = (name: string): string => `${JSON.stringify(name)}:${JSON.stringify(fields[name])}`;
  return `{${Object.keys(fields).sort().map(text).join(',')}}`;
};

const isSimple = (value: unknown): value is Json => {
  if (typeof value === 'string') return value.isWellFormed();
  return value === null || typeof value === 'boolean' || Number.isSafeInteger(value);
};
