import { z } from 'zod';
import type { EvidenceRefusal } from '../verdict.ts';
import { appraisalLimits as limits } from './limits.ts';

/** Bytes in base64, in the one way to write them. */
const bytes = (bytesMax: number) =>
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

const text = (charsMax: number = limits.nameCharsMax) =>
  z
    .string()
    .min(1)
    .max(charsMax)
    .refine((value) => value.isWellFormed(), 'is well-formed Unicode');
const hex = z.string().regex(/^(?:[\da-f]{2}){1,64}$/, 'is lower-case hex of at most 64 bytes');
const sha256 = z.string().regex(/^[\da-f]{64}$/, 'is SHA-256 in lower-case hex');
/** Reports and certificates are 1 to 4 KiB; a table of them with a revocation list is below this. */
const certificate = bytes(64 * 1024);

const certificates = z.union([
  z.strictObject({ vek: certificate, ask: certificate.optional(), ark: certificate.optional() }),
  /** The certificate table of an extended report, as the host gives it out. */
  z.strictObject({ table: bytes(512 * 1024) }),
]);

const snp = z.strictObject({
  report: bytes(4 * 1024),
  /** Null asks the verifier to use those it knows of that chip. */
  certificates: certificates.nullable(),
});

const tpm = z.strictObject({
  /** TPMS_ATTEST. */
  attest: bytes(4 * 1024),
  /** TPMT_SIGNATURE. */
  signature: bytes(2 * 1024),
  /** TPMT_PUBLIC or TPM2B_PUBLIC. */
  akPublic: bytes(4 * 1024),
  bank: z.enum(['sha1', 'sha256', 'sha384', 'sha512']),
  pcrs: z.record(z.string().regex(/^(?:\d|1\d|2[0-3])$/, 'is a register, 0 to 23'), hex),
});

const imaOf = { from: z.int().min(0), sha256 };
const ima = z.union([
  z.strictObject({ ...imaOf, entries: bytes(limits.evidenceBytesMax) }),
  /** Sent ahead, in that many parts. */
  z.strictObject({ ...imaOf, parts: z.int().min(1).max(limits.imaPartsMax) }),
]);

/** What a miner's system VM sends. A part that a machine does not have is null, never left out. */
export const hostEvidenceSchema = z.strictObject({
  version: z.literal(1),
  attesterId: text(),
  purpose: z.literal('host-evidence'),
  nonce: bytes(limits.nonceBytesMax),
  /** As the challenge had it; milliseconds since 1970. */
  nonceExpiresAt: z.int().min(0),
  bootSpec: text(limits.bootSpecCharsMax),
  agentVersion: text(),
  snp: snp.nullable(),
  tpm: tpm.nullable(),
  ima: ima.nullable(),
});

/** The same document before it is read: what an agent writes. Bytes are base64. */
export type HostEvidenceDocument = z.input<typeof hostEvidenceSchema>;
export type HostEvidence = z.output<typeof hostEvidenceSchema>;

export const bootSpecSchema = z.strictObject({
  version: z.literal(1),
  network: text(),
  kind: z.literal('hccam'),
  attesterId: text(),
  bootId: text(),
  image: text(),
});

/** Reads evidence out of its bytes. Anything but the whole document is a refusal that names the member; never throws. */
export const readHostEvidence = (
  given: Uint8Array,
): { readonly value: HostEvidence } | { readonly refusal: EvidenceRefusal } => {
  const code = 'evidence-malformed';
  if (given.length > limits.evidenceBytesMax) {
    const wanted = `at most ${limits.evidenceBytesMax} bytes`;
    return { refusal: { code: 'evidence-too-large', observed: `${given.length} bytes`, wanted } };
  }
  const json = jsonOf(given);
  if (json === undefined) return { refusal: { code, observed: 'no JSON', wanted: 'one JSON object in UTF-8' } };
  const parsed = hostEvidenceSchema.safeParse(json);
  if (parsed.success) return { value: parsed.data };
  return { refusal: { code, observed: firstIssue(parsed.error), wanted: 'the members of version 1 and no other' } };
};

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
