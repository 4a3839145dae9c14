import { z } from 'zod';
import {
  type AppraisalClaims,
  type AppraisalEvent,
  type AppraisalProgress,
  type AppraisalRefusal,
  type AttesterId,
  appraisalRefusalsMax,
  type GroupTiers,
  type ListPoint,
  loadedKeysMax,
  type PolicyUsed,
} from '#domain';
import { count, instant, sha256Hex, shortText } from './values.ts';
import type { EventSchemas } from './vm.ts';

export const attesterId = z.codec(z.uuid().lowercase(), z.custom<AttesterId>(), {
  decode: (text) => text as AttesterId,
  encode: (id) => id,
});

export const tier = z.enum(['none', 'affirming', 'warning', 'contraindicated']);
export const claimGroup = z.enum(['hardware', 'launch', 'tpm', 'ima', 'identity']);

/** A TPMT_PUBLIC of RSA-4096 is some 600 bytes; twice that in base64 is more than any. */
const publicArea = z.string().max(2_048);
/** Hex of at most a chip id (64 bytes), a launch digest (48) or a SHA-512. */
const hex = z.string().max(128);

export const groupTiers: z.ZodType<GroupTiers> = z.strictObject({
  hardware: tier,
  launch: tier,
  tpm: tier,
  ima: tier,
  identity: tier,
});

const refusal: z.ZodType<AppraisalRefusal> = z.strictObject({
  group: claimGroup,
  code: shortText,
  observed: shortText,
  wanted: shortText,
});
export const appraisalRefusals = z.array(refusal).max(appraisalRefusalsMax);

const policyUsed: z.ZodType<PolicyUsed> = z.strictObject({ name: shortText, version: count, sha256: sha256Hex });

const claims: z.ZodType<AppraisalClaims> = z.strictObject({
  chipId: hex.nullable(),
  product: shortText.nullable(),
  reportedTcb: shortText.nullable(),
  launchDigest: hex.nullable(),
  ekPublicSha256: sha256Hex.nullable(),
  akName: hex.nullable(),
  imaEntries: count,
  imaNotAttested: count,
  agentVersion: shortText.nullable(),
});

const listPoint: z.ZodType<ListPoint> = z.strictObject({
  entries: count,
  replay: z.record(z.string().max(16), hex),
});

const progress: z.ZodType<AppraisalProgress> = z.strictObject({
  tpm: z
    .strictObject({ clockMs: shortText, resetCount: count, restartCount: count, firmwareVersion: shortText })
    .nullable(),
  ima: z
    .strictObject({
      version: z.literal(1),
      extension: z.enum(['per-bank', 'padded-sha1']),
      attested: listPoint,
      seen: listPoint,
      loadedKeys: z
        .array(z.strictObject({ keyring: shortText, index: count, certificate: z.string().max(8_192) }))
        .max(loadedKeysMax),
    })
    .nullable(),
});

/** Stored form, version 1, of every event on `appraisal-<attesterId>`. */
export const appraisalEvents = {
  AttestationKeyEnrolled: z.strictObject({
    attesterId,
    akPublic: publicArea,
    akName: hex,
    ekPublicSha256: sha256Hex,
    ekCertificateSha256: sha256Hex.nullable(),
    vendor: shortText.nullable(),
    isSimulated: z.boolean(),
  }),
  EvidenceAppraised: z.strictObject({
    attesterId,
    kind: z.enum(['host', 'guest']),
    appraisalId: z.uuid().lowercase(),
    attestorId: shortText,
    appraisedAt: instant,
    nonceSha256: sha256Hex,
    nonceExpiresAt: instant,
    evidenceSha256: sha256Hex.nullable(),
    policies: z.array(policyUsed).max(8),
    platform: z.enum(['simulated', 'sev-snp']),
    tier,
    groups: groupTiers,
    refusals: appraisalRefusals,
    claims,
    progress,
    nextDueAt: instant,
  }),
  AttestationOverdue: z.strictObject({ attesterId, dueAt: instant, lastAppraisedAt: instant.nullable() }),
} satisfies EventSchemas<AppraisalEvent>;
