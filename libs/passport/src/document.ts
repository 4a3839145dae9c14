import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { type Actor, type EventId, eventHash, parseStreamName, type RecordedEvent, sha256Hex } from '#events';
import { passportLimits as limits } from './limits.ts';

const text = z.string().max(512);
const uuid = z.uuid().lowercase();
const wholeNumber = z.int().nonnegative();
const instant = z.iso.datetime({ precision: 3 });
const object = z.record(z.string(), z.unknown());
const base64 = (bytesMax: number) => z.base64().max(Math.ceil(bytesMax / 3) * 4);

/** An event with its link, without its place in the log, which its hash does not cover. */
const event = z.strictObject({
  eventId: text,
  type: text,
  version: z.int().positive(),
  revision: wholeNumber,
  recordedAt: instant,
  actor: text,
  correlationId: text,
  causationId: text,
  traceparent: text.nullable(),
  data: object,
  prevHash: sha256Hex,
  hash: sha256Hex,
});

/** A stream from its beginning. */
const stream = z.strictObject({ stream: text, events: z.array(event).max(limits.eventsMax) });

/** What it takes to judge one verdict's evidence again. Digests name what is in `kept`. */
const appraisal = z.strictObject({
  appraisalId: uuid,
  evidence: sha256Hex.nullable().describe('Null where it is not here: it was not kept, or there was no room'),
  vek: sha256Hex.nullable().describe('Null where the certificates are those in the evidence'),
  chain: z.array(sha256Hex).max(limits.chainMax),
  revocationList: sha256Hex.nullable(),
  chip: z.strictObject({ deviceId: text, heldBy: uuid.nullable() }).nullable(),
});

export const passportFormat = 'hcc-vm-passport';
export const passportVersion = 1;

const body = z.strictObject({
  format: z.literal(passportFormat),
  version: z.literal(passportVersion),
  networkId: uuid,
  vmId: uuid,
  madeAt: instant,
  streams: z.array(stream).length(3).describe('network-main, the VM, and the verdicts on it'),
  policies: z
    .array(z.strictObject({ version: wholeNumber, document: object }))
    .max(limits.policiesMax)
    .describe('The versions of guest-boot that verdicts went by'),
  appraisals: z.array(appraisal).max(limits.appraisalsMax),
  kept: z
    .array(z.strictObject({ sha256: sha256Hex, bytes: base64(limits.keptBytesMax) }))
    .describe('Evidence, certificates and revocation lists, each once'),
});

/** The whole document, as its file has it. */
export const passportSchema = body
  .extend({ signature: z.base64url().length(86).describe('Ed25519, by the network key') })
  .meta({ id: 'VmPassport' });

export type PassportBody = z.infer<typeof body>;
export type Passport = z.infer<typeof passportSchema>;
export type PassportEvent = z.infer<typeof event>;
export type PassportAppraisal = z.infer<typeof appraisal>;

/** RFC 8785. */
export const canonicalText = (value: object): string => {
  const written = canonicalize(value);
  if (written === undefined) throw new Error('BUG: a passport has no canonical form');
  return written;
};

/** SHA-256 of a document's canonical form, lower-case hex. */
export const documentSha256 = (document: object): string => hash('sha256', canonicalText(document));

/** A stored event as a passport has it. */
export const passportEvent = (recorded: RecordedEvent): PassportEvent => {
  const { eventId, type, version, revision, recordedAt, actor, correlationId, causationId, traceparent } = recorded;
  const { data, prevHash, hash: own } = recorded;
  return {
    ...{ eventId, type, version, revision: Number(revision), recordedAt, actor, correlationId, causationId },
    ...{ traceparent, data: { ...data }, prevHash, hash: own },
  };
};

/** The hash that an event's content has, in the stream that it is said to be of. Null where that is no name of a stream. */
export const hashOf = (of: PassportEvent, streamNamed: string): string | null => {
  const name = parseStreamName(streamNamed);
  if (name === null) return null;
  const { revision, prevHash, hash: _, eventId, actor, data, ...rest } = of;
  // Names of our own that text from outside may claim: whether they are right is what the hash says.
  const claimed = { ...rest, eventId: eventId as EventId, actor: actor as Actor, data: data as RecordedEvent['data'] };
  return eventHash(claimed, name, BigInt(revision), prevHash);
};
