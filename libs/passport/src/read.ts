import { z } from 'zod';
import { canonicalText, type Passport, passportFormat, passportSchema, passportVersion } from './document.ts';
import { passportLimits as limits } from './limits.ts';

/** Why some bytes are no passport that can be looked at. */
export type PassportFault = {
  readonly code: 'passport-form' | 'passport-version';
  readonly detail: string;
};

/** Reads a passport out of a file's bytes. Names the member that is wrong, and a version that is not known here. Never throws. */
export const readPassport = (
  bytes: Uint8Array,
): { readonly passport: Passport } | { readonly fault: PassportFault } => {
  if (bytes.length > limits.bytesMax) {
    return fault('passport-form', `${bytes.length} bytes; a passport has at most ${limits.bytesMax}`);
  }
  const text = textOf(bytes);
  if (text === null) return fault('passport-form', 'it is no text in UTF-8');
  if (isTooDeep(text)) return fault('passport-form', `brackets nest deeper than ${limits.depthMax}`);
  const json = jsonOf(text);
  if ('wrong' in json) return fault('passport-form', `it is no JSON: ${json.wrong}`);
  const kind = z
    .looseObject({ format: z.literal(passportFormat), version: z.unknown().optional() })
    .safeParse(json.value);
  if (!kind.success) return fault('passport-form', `its format is not ${passportFormat}`);
  if (kind.data.version !== passportVersion) {
    const named = `${JSON.stringify(kind.data.version) ?? 'none'}`.slice(0, 40);
    return fault(
      'passport-version',
      `version ${named} of ${passportFormat} is not known; this hcc reads ${passportVersion}`,
    );
  }
  const parsed = passportSchema.safeParse(json.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fault('passport-form', `${issue?.path.join('.') || 'the document'}: ${issue?.message ?? 'not understood'}`);
  }
  return isCanonical(parsed.data, text.replace(/\n$/, ''))
    ? { passport: parsed.data }
    : fault('passport-form', 'it is not in canonical JSON (RFC 8785)');
};

/** What has no canonical form at all, such as a number beyond all numbers, was not written by us either. */
const isCanonical = (passport: Passport, text: string): boolean => {
  try {
    return canonicalText(passport) === text;
  } catch {
    return false;
  }
};

const fault = (code: PassportFault['code'], detail: string): { readonly fault: PassportFault } => ({
  fault: { code, detail },
});

const textOf = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
};

const jsonOf = (text: string): { readonly value: unknown } | { readonly wrong: string } => {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { wrong: error instanceof Error ? error.message.slice(0, 120) : 'not to be read' };
  }
};

/** Before anything is called for each level. */
const isTooDeep = (text: string): boolean => {
  let [depth, inString] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    const one = text[at];
    if (inString) {
      if (one === '\\') at += 1;
      else if (one === '"') inString = false;
    } else if (one === '"') inString = true;
    else if (one === '{' || one === '[') {
      depth += 1;
      if (depth > limits.depthMax) return true;
    } else if (one === '}' || one === ']') depth -= 1;
  }
  return false;
};
