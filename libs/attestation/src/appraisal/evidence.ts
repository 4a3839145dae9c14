import { z } from 'zod';
import type { EvidenceRefusal } from '../verdict.ts';
import { bytes, readEvidence, sha256, snpParts as snp, text } from './evidence-fields.ts';
import { appraisalLimits as limits } from './limits.ts';

const hex = z.string().regex(/^(?:[\da-f]{2}){1,64}$/, 'is lower-case hex of at most 64 bytes');
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
): { readonly value: HostEvidence } | { readonly refusal: EvidenceRefusal } => readEvidence(hostEvidenceSchema, given);
