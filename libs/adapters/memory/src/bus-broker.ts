import {
  type AskAnswer,
  BusUnavailable,
  type CallHandlers,
  type Clock,
  type DrainWish,
  type GuestHandlers,
  type RecordedEvent,
} from '#events';
import { createDurable, type Durable, type Stored } from './bus-durable.ts';
import type { Wire } from './bus-wire.ts';

/** What both sides share: the server, as far as it matters. */
export type Broker = {
  readonly clock: Clock;
  readonly wire: Wire;
  /** Carries a call out for somebody, or fails it as faults and cuts have it. */
  call<Result>(who: string, what: string, work: () => Promise<Result> | Result): Promise<Result>;
  /** Carries a batch out in order; when it fails, any first part of it may have been. */
  callInOrder<Item>(who: string, what: string, items: readonly Item[], work: (item: Item) => void): Promise<void>;
  readonly work: Map<string, Stored>;
  readonly reports: Map<string, Stored>;
  store(into: Map<string, Stored>, subject: string, bytes: Uint8Array): void;
  /** Sequence of the last spec that was put, also if it is gone. */
  lastPut(): number;
  readonly reportsTo: Durable;
  readonly hostsTo: Durable;
  workOf(minerId: string): Durable;
  /** Who answers which request; one of several takes each. */
  readonly asks: Set<{
    readonly who: string;
    readonly what: 'sync' | 'renew';
    readonly handle: (minerId: string) => Promise<AskAnswer>;
  }>;
  /** Who answers what miners want of themselves; one of several takes each. */
  readonly drains: Set<{
    readonly who: string;
    readonly handle: (minerId: string, wish: DrainWish) => Promise<AskAnswer>;
  }>;
  /** Who answers what guests ask; one of several takes each. */
  readonly guestDesks: Set<{ readonly who: string; readonly handlers: GuestHandlers }>;
  /** Who answers calls about VMs: the miner's newest listener. */
  readonly calls: Map<string, CallHandlers>;
  /** Who hears beats; one of several hears each. */
  readonly beats: Set<{ readonly who: string; readonly hear: (minerId: string) => void }>;
  readonly events: Map<string, RecordedEvent>;
};

/** An empty server. */
export const createBroker = (
  clock: Clock,
  wire: Wire,
  onFailure: (subject: string, error: unknown) => void,
): Broker => {
  const work = new Map<string, Stored>();
  const reports = new Map<string, Stored>();
  const miners = new Map<string, Durable>();
  let sequence = 0;
  let lastPut = 0;
  const startingWith = (of: ReadonlyMap<string, Stored>, prefix: string) => () =>
    new Map([...of].filter(([subject]) => subject.startsWith(prefix)));

  const call: Broker['call'] = async (who, what, task) => {
    if (wire.isCut(who)) throw new BusUnavailable(`${what}: ${who} is cut off`);
    const fate = wire.fate();
    if (fate === 'fail-before') throw new BusUnavailable(`${what}: lost on the way`);
    const result = await task();
    if (fate === 'fail-after') throw new BusUnavailable(`${what}: the answer was lost`);
    return result;
  };

  return {
    clock,
    wire,
    call,
    callInOrder: async (who, what, items, task) => {
      if (wire.isCut(who)) throw new BusUnavailable(`${what}: ${who} is cut off`);
      const failed = wire.fate() !== 'done';
      for (const item of failed ? items.slice(0, wire.firstOf(items.length + 1)) : items) task(item);
      if (failed) throw new BusUnavailable(`${what}: the connection was lost on the way`);
    },
    work,
    reports,
    store: (into, subject, bytes) => {
      sequence += 1;
      into.set(subject, { sequence, bytes });
      if (into === work) lastPut = sequence;
    },
    lastPut: () => lastPut,
    reportsTo: createDurable({ wire, stored: startingWith(reports, 'report.'), onFailure }),
    hostsTo: createDurable({ wire, stored: startingWith(reports, 'host.'), onFailure }),
    workOf: (minerId) => {
      const known = miners.get(minerId);
      if (known !== undefined) return known;
      const made = createDurable({ wire, stored: startingWith(work, `work.${minerId}.`), onFailure });
      miners.set(minerId, made);
      return made;
    },
    asks: new Set(),
    drains: new Set(),
    guestDesks: new Set(),
    calls: new Map(),
    beats: new Set(),
    events: new Map(),
  };
};
