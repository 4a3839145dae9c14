import { isUuid } from '#domain';
import type { RecordedEvent } from './envelope.ts';
import type { GuestRequest } from './guest-messages.ts';
import { categoryOf, idOf } from './names.ts';
import type { AttestationRequest } from './ports/attestation-bus.ts';

/** Every NATS subject there is, in one place; `infra/nats.md` draws who may use which. */
export const subjects = {
  allEvents: 'events.>',
  /** A stored event, for consumers outside: `events.vm.<vmId>.VmRequested`. */
  event: (event: RecordedEvent): string => `events.${categoryOf(event.stream)}.${idOf(event.stream)}.${event.type}`,
  /** The whole desired spec of one VM; the last message per subject is the truth on the bus. */
  work: (minerId: string, vmId: string): string => `work.${minerId}.${vmId}`,
  workOf: (minerId: string): string => `work.${minerId}.*`,
  allWork: 'work.*.*',
  /** Where the bus delivers a miner's work: subscribed by that miner, published by the server itself. */
  spec: (minerId: string): string => `spec.${minerId}`,
  /** A miner's whole observation of one VM. */
  report: (minerId: string, vmId: string): string => `report.${minerId}.${vmId}`,
  allReports: 'report.*.*',
  /** A miner's facts and capacity. */
  host: (minerId: string): string => `host.${minerId}`,
  allHosts: 'host.*',
  /** Telemetry on core NATS, never stored. */
  beat: (minerId: string): string => `beat.${minerId}`,
  allBeats: 'beat.*',
  /** Request to the orchestrator: `sync` (read all my specs anew), `renew` (my credentials), `drain` (or no longer). */
  ask: (minerId: string, what: 'sync' | 'renew' | 'drain'): string => `ask.${minerId}.${what}`,
  allAsks: (what: 'sync' | 'renew' | 'drain'): string => `ask.*.${what}`,
  /** A miner's request to an attestor (queue group `attestor`): a challenge, its enrolment, its evidence. */
  attest: (minerId: string, what: AttestationRequest): string => `attest.${minerId}.${what}`,
  allAttest: 'attest.*.*',
  allAttestOf: (what: AttestationRequest): string => `attest.*.${what}`,
  /** A guest's request to the orchestrator, through its miner: the key of its volume, leave to go on. */
  guest: (minerId: string, what: GuestRequest): string => `guest.${minerId}.${what}`,
  allGuests: 'guest.*.*',
  allGuestsOf: (what: GuestRequest): string => `guest.*.${what}`,
  /** An attestor to a miner: give evidence now. */
  due: (minerId: string): string => `due.${minerId}`,
  allDue: 'due.*',
  /** Request to a miner about a VM: `console` (a part of its serial log), `metrics` (what it has used). */
  call: (minerId: string, what: 'console' | 'metrics' | 'backup'): string => `call.${minerId}.${what}`,
  /** An event was appended by another process of this machine: wake the tail. */
  appended: 'store.appended',
} as const;

export const jetstreamStreams = { events: 'EVENTS', work: 'WORK', reports: 'REPORTS' } as const;

/** The miner a subject belongs to (its second token); `null` when that is no UUID. */
export const minerIdOf = (subject: string): string | null => uuidToken(subject, 1);

/** The VM a `work` or `report` subject is about (its third token); `null` when that is no UUID. */
export const vmIdOf = (subject: string): string | null => uuidToken(subject, 2);

const uuidToken = (subject: string, index: number): string | null => {
  const token = subject.split('.')[index];
  return token !== undefined && isUuid(token) ? token : null;
};
