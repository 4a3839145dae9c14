import type { DesiredSpec, UnixMs } from '#domain';
import {
  BusUnavailable,
  decodeMessage,
  desiredSpec,
  encodeMessage,
  type Handled,
  hostReport,
  type OrchestratorBus,
  reportBytesMax,
  specBytesMax,
  subjects,
  vmReport,
} from '#events';
import type { Broker } from './bus-broker.ts';
import type { Durable } from './bus-durable.ts';
import { opened, ownerOf } from './bus-wire.ts';

/** Events the memory bus remembers, so that a long simulation does not keep its whole history. */
const eventsKeptMax = 10_000;

const me = 'orchestrator';

export const memoryOrchestratorBus = (broker: Broker): OrchestratorBus => {
  const { clock, wire } = broker;
  const since: UnixMs = clock.now();
  let closed = false;
  const call = <Result>(what: string, work: () => Promise<Result> | Result): Promise<Result> =>
    closed ? Promise.reject(new BusUnavailable(`${what}: the bus was closed`)) : broker.call(me, what, work);

  const take = async <Message>(
    durable: Durable,
    schema: Parameters<typeof decodeMessage<Message>>[0],
    handle: (message: Message, minerId: string) => Promise<Handled>,
  ) => {
    const stop = durable.subscribe((subject, bytes) =>
      handle(opened(decodeMessage(schema, bytes, reportBytesMax), subject), ownerOf(subject)),
    );
    return async () => stop();
  };

  return {
    publishEvents: (events) =>
      call('publish events', () => {
        for (const event of events) if (!broker.events.has(event.eventId)) broker.events.set(event.eventId, event);
        for (const id of broker.events.keys()) if (broker.events.size > eventsKeptMax) broker.events.delete(id);
      }),
    putSpec: (minerId, spec) =>
      call('put spec', () => {
        const subject = subjects.work(minerId, spec.vmId);
        const stored = broker.work.get(subject);
        if (stored !== undefined && !isOlder(stored.bytes, spec)) return 'not-older';
        broker.store(broker.work, subject, encodeMessage(desiredSpec, spec));
        broker.workOf(minerId).offer(subject);
        return 'put';
      }),
    purgeSpec: (minerId, vmId) =>
      call('purge spec', () => {
        broker.work.delete(subjects.work(minerId, vmId));
      }),
    resetWork: (minerId) => call('reset work', () => broker.workOf(minerId).reset()),
    onReport: (handle) => take(broker.reportsTo, vmReport, handle),
    onHost: (handle) => take(broker.hostsTo, hostReport, handle),
    onBeat: async (handle) => {
      const beat = (minerId: string): void => handle(minerId, clock.now());
      broker.beat = beat;
      return async () => {
        if (broker.beat === beat) broker.beat = null;
      };
    },
    onAsk: async (what, handle) => {
      broker.asks.set(what, handle);
      return async () => {
        if (broker.asks.get(what) === handle) broker.asks.delete(what);
      };
    },
    askConsole: (minerId, vmId, bytesMax) =>
      call('ask for a console', async () => {
        const answer = wire.isCut(minerId) ? undefined : broker.consoles.get(minerId);
        if (answer === undefined) throw new BusUnavailable(`console of VM ${vmId}: miner ${minerId} did not answer`);
        try {
          return await answer({ vmId, bytesMax });
        } catch (error) {
          throw new BusUnavailable(`console of VM ${vmId} on miner ${minerId}: the miner refused`, { cause: error });
        }
      }),
    connectedSince: () => (closed || wire.isCut(me) ? null : Math.max(since, wire.backSince(me) ?? since)),
    close: async () => {
      closed = true;
    },
  };
};

const isOlder = (stored: Uint8Array, spec: DesiredSpec): boolean => {
  const known = decodeMessage(desiredSpec, stored, specBytesMax);
  if (!known.ok) return true;
  const { generation, specRevision } = known.value;
  return generation === spec.generation ? specRevision < spec.specRevision : generation < spec.generation;
};
