import { z } from 'zod';
import { bytes, readEvidence, sha256, snpParts, text } from '../appraisal/evidence-fields.ts';
import { appraisalLimits as limits } from '../appraisal/limits.ts';
import type { EvidenceRefusal } from '../verdict.ts';
import { guestLimits } from './limits.ts';

const common = {
  version: z.literal(1),
  kind: z.literal('guest'),
  /** The VM. */
  attesterId: text(),
  nonce: bytes(limits.nonceBytesMax),
  /** As the challenge had it; milliseconds since 1970. */
  nonceExpiresAt: z.int().min(0),
  /** As the guest was given it: HOST_DATA is its hash. */
  bootSpec: text(limits.bootSpecCharsMax),
  agentVersion: text(),
  generation: z.int().min(1),
  bootId: text(),
  snp: snpParts,
};

/** What an owner's VM sends through the miner that runs it. What its purpose has no use for is null, never left out. */
export const guestEvidenceSchema = z.discriminatedUnion('purpose', [
  z.strictObject({
    ...common,
    purpose: z.literal('vm-key'),
    suite: text(),
    /** The guest's public key, raw, as its suite writes it. */
    key: bytes(guestLimits.keyBytesMax),
    boot: z.null(),
  }),
  z.strictObject({
    ...common,
    purpose: z.literal('ssh-host-key'),
    suite: z.literal(''),
    key: z.null(),
    boot: z.strictObject({
      sshHostKey: text(guestLimits.sshHostKeyCharsMax),
      headerSha256: sha256,
      counter: z.int().min(0),
    }),
  }),
]);

/** The same document before it is read: what an agent writes. Bytes are base64. */
export type GuestEvidenceDocument = z.input<typeof guestEvidenceSchema>;
export type GuestEvidence = z.output<typeof guestEvidenceSchema>;

/** Reads evidence out of its bytes. Anything but the whole document is a refusal that names the member; never throws. */
export const parseGuestEvidence = (
  given: Uint8Array,
): { readonly value: GuestEvidence } | { readonly refusal: EvidenceRefusal } =>
  readEvidence(guestEvidenceSchema, given);
