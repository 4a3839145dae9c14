import type { RecordedEvent } from './envelope.ts';
import { categoryOf, idOf } from './names.ts';

/** Every NATS subject there is, in one place; `infra/nats.md` draws who may use which. */
export const subjects = {
  /** A stored event, for consumers outside: `events.vm.<vmId>.VmRequested`. */
  event: (event: RecordedEvent): string => `events.${categoryOf(event.stream)}.${idOf(event.stream)}.${event.type}`,
  /** The whole desired spec of one VM; the last message per subject is the truth on the bus. */
  work: (minerId: string, vmId: string): string => `work.${minerId}.${vmId}`,
  workOf: (minerId: string): string => `work.${minerId}.*`,
  /** A miner's whole observation of one VM. */
  report: (minerId: string, vmId: string): string => `report.${minerId}.${vmId}`,
  /** A miner's facts and capacity. */
  host: (minerId: string): string => `host.${minerId}`,
  /** Telemetry on core NATS, never stored. */
  beat: (minerId: string): string => `beat.${minerId}`,
  /** Request to the orchestrator: `sync` (read all my specs anew), `renew` (my credentials). */
  ask: (minerId: string, what: 'sync' | 'renew'): string => `ask.${minerId}.${what}`,
  /** Request to a miner: `console` (last bytes of a VM's serial log). */
  call: (minerId: string, what: 'console'): string => `call.${minerId}.${what}`,
  /** An event was appended by another process of this machine: wake the tail. */
  appended: 'store.appended',
} as const;

export const jetstreamStreams = { events: 'EVENTS', work: 'WORK', reports: 'REPORTS' } as const;
