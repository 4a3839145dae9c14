import { z } from 'zod';

/** What came of reading bytes from outside: a value, or the sentence that says why not. */
export type Decoded<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string };

/** A message as JSON bytes, in the schema's stored form (bigint as decimal text). Throws when the value breaks its own schema. */
export const encodeMessage = <Value>(schema: z.ZodType<Value>, value: Value): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(z.encode(schema, value)));

/** Reads untrusted bytes. Refuses more than `bytesMax` before looking at them, what is not UTF-8 JSON, and what the schema does not know. */
export const decodeMessage = <Value>(schema: z.ZodType<Value>, bytes: Uint8Array, bytesMax: number): Decoded<Value> => {
  if (bytes.length > bytesMax) return { ok: false, reason: `${bytes.length} bytes, at most ${bytesMax} are taken` };
  const json = parseJson(bytes);
  if (!json.ok) return json;
  const parsed = z.safeDecode(schema, json.value);
  return parsed.success
    ? { ok: true, value: parsed.data }
    : { ok: false, reason: z.prettifyError(parsed.error).slice(0, reasonCharsMax) };
};

const parseJson = (bytes: Uint8Array): Decoded<unknown> => {
  try {
    return { ok: true, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    return { ok: false, reason: 'not JSON in UTF-8' };
  }
};

/** A reason is for a log line; a message with a thousand faults does not get a thousand. */
const reasonCharsMax = 1_000;
