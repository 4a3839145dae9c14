import { type AskAnswer, BusUnavailable, type Clock, type ConsoleCall, type RecordedEvent } from '#events';
import { createDurable, type Durable, type Stored } from './bus-durable.ts';
import type { Wire } from './bus-wire.ts';

/** What both sides share: the server, as far as it matters. */
export type Broker = {
  readonly clock: Clock;
  readonly wire: Wire;
  /** Carries a call out for somebody, or fails it as faults and cuts have it. */
  call<Result>(who: string, what: string, work: () => Promise<Result> | Result): Promise<Result>;
  readonly work: Map<string, Stored>;
  readonly reports: Map<string, Stored>;
  store(into: Map<string, Stored>, subject: string, bytes: Uint8Array): void;
  readonly reportsTo: Durable;
  readonly hostsTo: Durable;
  workOf(minerId: string): Durable;
  readonly asks: Map<'sync' | 'renew', (minerId: string) => Promise<AskAnswer>>;
  readonly consoles: Map<string, (call: ConsoleCall) => Promise<string>>;
  beat: ((minerId: string) => void) | null;
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
  const startingWith = (of: ReadonlyMap<string, Stored>, prefix: string) => () =>
    new Map([...of].filter(([subject]) => subject.startsWith(prefix)));

  return {
    clock,
    wire,
    call: async (who, what, task) => {
      if (wire.isCut(who)) throw new BusUnavailable(`${what}: ${who} is cut off`);
      const fate = wire.fate();
      if (fate === 'fail-before') throw new BusUnavailable(`${what}: lost on the way`);
      const result = await task();
      if (fate === 'fail-after') throw new BusUnavailable(`${what}: the answer was lost`);
      return result;
    },
    work,
    reports,
    store: (into, subject, bytes) => {
      sequence += 1;
      into.set(subject, { sequence, bytes });
    },
    reportsTo: createDurable({ wire, to: 'orchestrator', stored: startingWith(reports, 'report.'), onFailure }),
    hostsTo: createDurable({ wire, to: 'orchestrator', stored: startingWith(reports, 'host.'), onFailure }),
    workOf: (minerId) => {
      const known = miners.get(minerId);
      if (known !== undefined) return known;
      const made = createDurable({ wire, to: minerId, stored: startingWith(work, `work.${minerId}.`), onFailure });
      miners.set(minerId, made);
      return made;
    },
    asks: new Map(),
    consoles: new Map(),
    beat: null,
    events: new Map(),
  };
};
