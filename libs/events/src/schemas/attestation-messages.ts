import { z } from 'zod';
import type {
  Activated,
  ActivateRequest,
  Challenge,
  ChallengeRequest,
  ChipCertificates,
  ChipRequest,
  EnrolChallenge,
  EnrolRequest,
  EvidenceAnswer,
  EvidenceRequest,
  GuestChallenge,
  GuestChallengeRequest,
  GuestEvidenceRequest,
  ImaPart,
  ImaPartTaken,
} from '../attestation-messages.ts';
import {
  ekIssuersMax,
  evidenceTextCharsMax,
  guestEvidenceCharsMax,
  imaPartBytesMax,
  resultCharsMax,
} from '../limits.ts';
import type { AttestationRequest, AttestationRequests } from '../ports/attestation-bus.ts';
import { claimGroup, groupTiers, tier } from './appraisal.ts';
import { networkKind } from './network.ts';
import { count, instant, shortText } from './values.ts';

// Untrusted bytes until parsed, on both sides.

const base64 = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/, 'expected base64');
const nonce = base64(64);
/** Certificates, keys and credentials: none comes near. */
const small = base64(8_192);
const hex = z.string().max(200);

const challengeRequest: z.ZodType<ChallengeRequest> = z.strictObject({
  purpose: z.literal('host-evidence'),
  agentVersion: shortText,
});
const challenge: z.ZodType<Challenge> = z.strictObject({
  nonce,
  expiresAt: instant,
  networkId: z.uuid().lowercase(),
  networkKind,
  imaFrom: count,
  akName: hex.nullable(),
});
const enrolRequest: z.ZodType<EnrolRequest> = z.strictObject({
  ekPublic: small,
  ekCertificate: small.nullable(),
  ekIssuers: z.array(small).max(ekIssuersMax).optional(),
  akPublic: small,
  isSimulated: z.boolean(),
});
const enrolChallenge: z.ZodType<EnrolChallenge> = z.strictObject({
  credentialBlob: small,
  encryptedSecret: small,
  token: z.string().max(16_384),
});
const activateRequest: z.ZodType<ActivateRequest> = z.strictObject({
  token: z.string().max(16_384),
  secret: base64(128),
});
const activated: z.ZodType<Activated> = z.strictObject({ akName: hex });
const chipRequest: z.ZodType<ChipRequest> = z.strictObject({ publicKey: base64(1_024) });
const chipCertificates: z.ZodType<ChipCertificates> = z.strictObject({ vcek: small, ask: small, ark: small });
const imaPart: z.ZodType<ImaPart> = z.strictObject({
  nonce,
  nonceExpiresAt: instant,
  index: count.max(1_024),
  bytes: base64(Math.ceil(imaPartBytesMax / 3) * 4),
});
const imaPartTaken: z.ZodType<ImaPartTaken> = z.strictObject({ nextIndex: count });
const evidenceRequest: z.ZodType<EvidenceRequest> = z.strictObject({
  evidence: z.string().max(evidenceTextCharsMax),
});
const guestChallengeRequest: z.ZodType<GuestChallengeRequest> = z.strictObject({
  vmId: z.uuid().lowercase(),
  purpose: z.enum(['vm-key', 'ssh-host-key']),
});
const guestChallenge: z.ZodType<GuestChallenge> = z.strictObject({
  nonce,
  expiresAt: instant,
  networkId: z.uuid().lowercase(),
  networkKind,
});
const guestEvidenceRequest: z.ZodType<GuestEvidenceRequest> = z.strictObject({
  vmId: z.uuid().lowercase(),
  evidence: z.string().max(guestEvidenceCharsMax),
});
const evidenceAnswer: z.ZodType<EvidenceAnswer> = z.strictObject({
  appraisalId: z.uuid().lowercase(),
  tier,
  groups: groupTiers,
  refusals: z
    .array(
      z.strictObject({
        ...{ group: claimGroup, code: shortText, observed: shortText, wanted: shortText },
        ...{ title: z.string().max(500), fix: z.string().max(1_000) },
      }),
    )
    .max(32),
  nextDueAt: instant,
  result: z.string().max(resultCharsMax),
});

/** The stored form of each request and its answer. */
export const attestationMessages: {
  readonly [What in AttestationRequest]: {
    readonly ask: z.ZodType<AttestationRequests[What]['ask']>;
    readonly answer: z.ZodType<AttestationRequests[What]['answer']>;
  };
} = {
  challenge: { ask: challengeRequest, answer: challenge },
  enrol: { ask: enrolRequest, answer: enrolChallenge },
  activate: { ask: activateRequest, answer: activated },
  chip: { ask: chipRequest, answer: chipCertificates },
  ima: { ask: imaPart, answer: imaPartTaken },
  evidence: { ask: evidenceRequest, answer: evidenceAnswer },
  'guest-challenge': { ask: guestChallengeRequest, answer: guestChallenge },
  'guest-evidence': { ask: guestEvidenceRequest, answer: evidenceAnswer },
};
