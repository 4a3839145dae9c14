import { z } from 'zod';
import type { EvidenceRefusal } from '../verdict.ts';
import { appraisalLimits as limits } from './limits.ts';

/** Reads a document out of its bytes. Anything but the whole document is a refusal that names the member; never throws. */
export const readEvidence = <Schema extends z.ZodType>(
  schema: Schema,
  given: Uint8Array,
): { readonly value: z.output<Schema> } | { readonly refusal: EvidenceRefusal } => {
  const code = 'evidence-malformed';
  if (given.length > limits.evidenceBytesMax) {
    const wanted = `at most ${limits.evidenceBytesMax} bytes`;
    return { refusal: { code: 'evidence-too-large', observed: `${given.length} bytes`, wanted } };
  }
  const json = jsonOf(given);
  if (json === undefined) return { refusal: { code, observed: 'no JSON', wanted: 'one JSON object in UTF-8' } };
  const parsed = schema.safeParse(json);
  if (parsed.success) return { value: parsed.data };
  return { refusal: { code, observed: firstIssue(parsed.error), wanted: 'the members of version 1 and no other' } };
};

/** Bytes in base64, in the one way to write them. */
export const bytes = (bytesMax: number) =>
  z
    .string()
    .max(Math.ceil(bytesMax / 3) * 4)
    .transform((text, context) => {
      const decoded: Uint8Array = Buffer.from(text, 'base64');
      if (Buffer.from(decoded).toString('base64') !== text) {
        context.issues.push({ code: 'custom', message: 'is not base64', input: text });
        return z.NEVER;
      }
      return decoded;
    });

export const text = (charsMax: number = limits.nameCharsMax) =>
  z
    .string()
    .min(1)
    .max(charsMax)
    .refine((value) => value.isWellFormed(), 'is well-formed Unicode');
export const sha256 = z.string().regex(/^[\da-f]{64}$/, 'is SHA-256 in lower-case hex');
/** Reports and certificates are 1 to 4 KiB; a table of them with a revocation list is below this. */
const certificate = bytes(64 * 1024);

const certificates = z.union([
  z.strictObject({ vek: certificate, ask: certificate.optional(), ark: certificate.optional() }),
  /** The certificate table of an extended report, as the host gives it out. */
  z.strictObject({ table: bytes(512 * 1024) }),
]);

/** A report and what stands for its key. */
export const snpParts = z.strictObject({
  report: bytes(4 * 1024),
  /** Null asks the verifier to use those it knows of that chip. */
  certificates: certificates.nullable(),
});

/** JSON of untrusted bytes; undefined for what is none. */
export const jsonOf = (given: Uint8Array | string): unknown => {
  try {
    return JSON.parse(typeof given === 'string' ? given : utf8.decode(given));
  } catch {
    return undefined;
  }
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

const firstIssue = ({ issues: [issue] }: z.ZodError): string =>
  issue === undefined ? 'another form' : `${issue.path.join('.') || 'the document'}: ${issue.message}`;
