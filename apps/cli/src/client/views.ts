import { z } from 'zod';
import { role } from '#events';
import { vmDisk, vmRelease } from './vm-disk-view.ts';

// What the API answers, as far as this tool reads it. Fields it does not know are let through: a newer cluster may say more.

const time = z.string().max(40);
const id = z.string().max(100);
const text = z.string().max(8_000);
const size = z.object({ vcpus: z.number(), memoryBytes: z.number(), diskBytes: z.number() });

export const whoami = z.looseObject({
  role,
  tokenId: id,
  accountId: id.nullable(),
  network: z.looseObject({ id: text, name: text, kind: text }),
});
export type Whoami = z.infer<typeof whoami>;

/** What the API says of something that it cannot follow; nothing when it can. */
export const stale = z
  .looseObject({ since: time, eventType: text, revision: z.string().max(20), reason: text })
  .nullish();

export type Stale = z.infer<typeof stale>;

export const accountView = z.looseObject({
  accountId: id,
  name: text,
  available: text,
  held: text,
  deposited: text,
  openedAt: time,
  stale,
});
export type AccountView = z.infer<typeof accountView>;

export const sshKeyView = z.looseObject({
  fingerprint: text,
  keyType: text,
  publicKey: text,
  comment: text,
  addedAt: time,
});
export type SshKeyView = z.infer<typeof sshKeyView>;

export const flavorView = z.looseObject({
  flavorId: text,
  size,
  pricePerHour: text,
  offered: z.boolean(),
  retiredReason: text.nullable(),
  definedAt: time,
  retiredAt: time.nullable(),
});
export type FlavorView = z.infer<typeof flavorView>;

const sshKeys = z.looseObject({ fingerprints: z.array(text), version: z.number(), state: text, text });

export const vmView = z.looseObject({
  vmId: id,
  accountId: id,
  name: text,
  flavorId: text,
  size,
  imageDigest: id,
  sshUser: text,
  desired: text,
  desiredText: text,
  observed: text,
  observedText: text,
  observedAt: time.nullable(),
  generation: z.number(),
  minerId: id.nullable(),
  bootEpoch: z.number().nullable(),
  endpoint: z.object({ host: z.string().max(253), port: z.int().min(1).max(65_535) }).nullable(),
  sshHostKey: text.nullable(),
  sshHostKeyAttested: z.boolean(),
  waiting: z.object({ for: text, deadlineAt: time, passed: z.boolean() }).nullable(),
  placementFailure: z.record(z.string(), z.number()).nullable(),
  resize: z.looseObject({ flavorId: text, size }).nullish(),
  resizeRefusal: z.looseObject({ code: text, detail: text }).nullish(),
  sshKeys: sshKeys.nullish(),
  platform: text.nullable(),
  disk: vmDisk,
  release: vmRelease.nullish(),
  requestedAt: time,
  revision: z.string().max(20),
  stale,
});
export type VmView = z.infer<typeof vmView>;

const drain = z.looseObject({
  state: z.enum(['draining', 'drained']),
  reason: text,
  deadlineAt: time.nullable(),
  vmsLeft: z.number(),
});

/** How fresh the last verdict on somebody's evidence is. */
export const freshness = z.looseObject({
  tier: text,
  isSimulated: z.boolean().nullable(),
  appraisedAt: time.nullable(),
  ageMs: z.number().nullable(),
  nextDueAt: time.nullable(),
  isOverdue: z.boolean(),
});
export type Freshness = z.infer<typeof freshness>;

export const minerView = z.looseObject({
  minerId: id,
  name: text,
  status: z.enum(['invited', 'enrolled', 'attached', 'lost']),
  statusText: text,
  eligible: z.boolean(),
  ineligibleCode: text.nullable(),
  eligibilityText: text,
  drain: drain.nullable(),
  accelerator: text.nullable(),
  platform: text.nullable(),
  cpuModel: text.nullable(),
  agentVersion: text.nullable(),
  agentEpoch: z.number().nullable(),
  capacity: size.nullable(),
  reserved: size.nullable(),
  vms: z.array(id),
  lastSeenAt: time.nullable(),
  attachedAt: time.nullable(),
  attestation: freshness.nullish(),
  score: z.number().nullish(),
  stale,
});
export type MinerView = z.infer<typeof minerView>;

export const streamView = z.looseObject({ stream: id.max(200), events: z.number(), lastAt: time.nullable() });
export type StreamView = z.infer<typeof streamView>;

const said = { at: time, by: text };

export const parkedView = z.looseObject({
  consumer: text,
  stream: text,
  eventType: text,
  eventId: id,
  revision: z.string().max(20),
  reason: text,
  attempts: z.number(),
  blocks: z.boolean(),
  firstSeenAt: time,
  lastSeenAt: time,
  retryAsked: z.looseObject(said).nullable(),
  skipped: z.looseObject({ ...said, reason: text }).nullable(),
});
export type ParkedView = z.infer<typeof parkedView>;

export const eventView = z.looseObject({
  eventId: id,
  type: text,
  version: z.int(),
  stream: z.string().max(200),
  revision: z.string().regex(/^\d{1,19}$/),
  position: text,
  recordedAt: time,
  actor: text,
  correlationId: text,
  causationId: text,
  data: z.record(z.string(), z.json()),
});
export type EventView = z.infer<typeof eventView>;

/** What a command answers: where its events went, none when it was so already. */
export const accepted = z.looseObject({
  stream: z.string().max(200),
  revision: z.string().regex(/^\d{1,19}$/),
  position: text.nullish(),
  events: z.array(text),
});
export type Accepted = z.infer<typeof accepted>;

export const items = <Item extends z.ZodType>(item: Item) =>
  z.looseObject({ items: z.array(item), next: z.string().max(300).nullish() });
export const page = z.looseObject({ items: z.array(eventView), next: z.string().nullish() });

/** What a change of a VM's keys answers, with where they count. */
export const keysChanged = accepted.extend({ sshKeys });
export type KeysChanged = z.infer<typeof keysChanged>;

export const whyNot = z.looseObject({
  ok: z.boolean(),
  code: text,
  answer: text,
  size,
  counts: z.record(z.string(), z.number()),
  miners: z.array(
    z.looseObject({ minerId: id, name: text.nullable(), fits: z.boolean(), code: text.nullable(), text }),
  ),
  position: text.nullable(),
});
export type WhyNot = z.infer<typeof whyNot>;
