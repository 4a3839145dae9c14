import { z } from 'zod';
import { limits } from './limits.ts';

/** A name that the network gave: a UUID, or a short word in tests. */
export const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
  .max(limits.idCharsMax);
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
export const count = z.int().nonnegative();

/** Bytes as base64 in its one form: padded, no unused bits set, nothing around it. */
export const base64 = (bytesMin: number, bytesMax: number) =>
  z
    .string()
    .max(4 * Math.ceil(bytesMax / 3))
    .refine((text) => {
      const bytes = Buffer.from(text, 'base64');
      return bytes.length >= bytesMin && bytes.length <= bytesMax && bytes.toString('base64') === text;
    }, `expected ${bytesMin} to ${bytesMax} bytes as base64`);

/** One label of a host's name. */
export const hostname = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
  .max(limits.hostnameCharsMax);

/** Lines of an authorized_keys file, type and key and perhaps a comment: printable, so that no key brings a second line. */
export const authorizedKeys = z
  .array(
    z
      .string()
      .regex(/^[\x20-\x7e\u00a0-\uffff]+$/)
      .max(limits.authorizedKeyCharsMax),
  )
  .max(limits.authorizedKeysMax)
  .refine((keys) => keys.reduce((sum, key) => sum + Buffer.byteLength(key), 0) <= limits.authorizedKeysCharsMax, {
    message: `expected at most ${limits.authorizedKeysCharsMax} bytes of keys`,
  })
  .readonly();

/** What is wrong with a value, without the value: it may be a secret. */
export const firstIssue = (error: z.ZodError): string => {
  const [issue] = error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'the whole' : issue.path.map(String).join('.');
  return `${where.slice(0, 64)}: ${issue?.code ?? 'wrong'}`.slice(0, limits.observedCharsMax);
};
