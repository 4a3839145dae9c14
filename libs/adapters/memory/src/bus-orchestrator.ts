import type { UnixMs } from '#domain';
import {
  BusUnavailable,
  type CallHandlers,
  type Clock,
  decodeMessage,
  type Handled,
  hostReport,
  type OrchestratorBus,
  reportBytesMax,
  subjects,
  vmReport,
} from '#events';
import type { Broker } from './bus-broker.ts';
import type { Durable } from './bus-durable.ts';
import { createPutSpec } from './bus-specs.ts';
import { opened, ownerOf } from './bus-wire.ts';

/** Events the memory bus remembers, so that a long simulation does not keep its whole history. */
const eventsKeptMax = 10_000;

/** One connection of an orchestrator. `me` is who is cut off, `clock` the one of its process. */
export const memoryOrchestratorBus = (broker: Broker, me: string, clock: Clock): OrchestratorBus => {
  const { wire } = broker;
  const stops = new Set<() => void>();
  let since: UnixMs = clock.now();
  let back = wire.backSince(me);
  let closed = false;
  const call = <Result>(what: string, work: () => Promise<Result> | Result): Promise<Result> =>
    closed ? Promise.reject(new BusUnavailable(`${what}: the bus was closed`)) : broker.call(me, what, work);

  const stoppable = (stop: () => void) => {
    stops.add(stop);
    return async () => {
      stops.delete(stop);
      stop();
    };
  };
  const listed = <Entry>(entries: Set<Entry>, entry: Entry) => {
    entries.add(entry);
    return stoppable(() => entries.delete(entry));
  };

  const take = async <Message>(
    durable: Durable,
    schema: Parameters<typeof decodeMessage<Message>>[0],
    handle: (message: Message, minerId: string) => Promise<Handled>,
  ) => {
    const stop = durable.subscribe(me, (subject, bytes) =>
      handle(opened(decodeMessage(schema, bytes, reportBytesMax), subject), ownerOf(subject)),
    );
    return stoppable(stop);
  };

  const callMiner = <Value>(minerId: string, what: string, ask: (handlers: CallHandlers) => Promise<Value>) =>
    call(what, async () => {
      const handlers = wire.isCut(minerId) ? undefined : broker.calls.get(minerId);
      if (handlers === undefined) throw new BusUnavailable(`${what}: miner ${minerId} did not answer`);
      try {
        return await ask(handlers);
      } catch (error) {
        throw new BusUnavailable(`${what} on miner ${minerId}: the miner refused`, { cause: error });
      }
    });

  return {
    publishEvents: async (events) => {
      if (closed) throw new BusUnavailable('publish events: the bus was closed');
      await broker.callInOrder(me, 'publish events', events, (event) => {
        if (!broker.events.has(event.eventId)) broker.events.set(event.eventId, event);
      });
      for (const id of broker.events.keys()) {
        if (broker.events.size <= eventsKeptMax) break;
        broker.events.delete(id);
      }
    },
    published: () =>
      call('published', () => {
        const events = [...broker.events.values()];
        const [oldest, newest] = [events[0]?.position, events.at(-1)?.position];
        if (oldest === undefined || newest === undefined) return null;
        return { oldest, newest, isTrimmed: events.length === eventsKeptMax };
      }),
    putSpec: createPutSpec(broker, me, call),
    purgeSpec: (minerId, vmId) =>
      call('purge spec', () => {
        broker.work.delete(subjects.work(minerId, vmId));
      }),
    resetWork: (minerId) => call('reset work', () => broker.workOf(minerId).reset()),
    onReport: (handle) => take(broker.reportsTo, vmReport, handle),
    onHost: (handle) => take(broker.hostsTo, hostReport, handle),
    onBeat: async (handle) =>
      listed(broker.beats, { who: me, hear: (minerId: string): void => handle(minerId, clock.now()) }),
    onAsk: async (what, handle) => listed(broker.asks, { who: me, what, handle }),
    onDrain: async (handle) => listed(broker.drains, { who: me, handle }),
    askConsole: (minerId, asked) =>
      callMiner(minerId, `console of VM ${asked.vmId}`, (handlers) => handlers.console(asked)),
    askMetrics: (minerId, vmId) => callMiner(minerId, `counters of VM ${vmId}`, (handlers) => handlers.metrics(vmId)),
    askBackup: (minerId, call) =>
      callMiner(minerId, `a backup of VM ${call.vmId}`, (handlers) => handlers.backup(call)),
    guests: { serve: async (handlers) => listed(broker.guestDesks, { who: me, handlers }) },
    connectedSince: () => {
      if (closed || wire.isCut(me)) return null;
      if (wire.backSince(me) !== back) {
        back = wire.backSince(me);
        since = clock.now();
      }
      return since;
    },
    close: async () => {
      closed = true;
      for (const stop of stops) stop();
    },
  };
};
