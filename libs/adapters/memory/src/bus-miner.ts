import {
  BusUnavailable,
  decodeMessage,
  desiredSpec,
  encodeMessage,
  hostReport,
  type MinerBus,
  reportBytesMax,
  specBytesMax,
  subjects,
  vmReport,
} from '#events';
import type { Broker } from './bus-broker.ts';
import type { Durable } from './bus-durable.ts';
import { opened } from './bus-wire.ts';

export const memoryMinerBus = (broker: Broker, minerId: string): MinerBus => {
  const { wire } = broker;
  const stops = new Set<() => void>();
  let closed = false;
  const call = <Result>(what: string, work: () => Promise<Result> | Result): Promise<Result> =>
    closed
      ? Promise.reject(new BusUnavailable(`${what}: the bus was closed`))
      : broker.call(minerId, `${what} of miner ${minerId}`, work);
  const stoppable = (stop: () => void) => {
    stops.add(stop);
    return async () => {
      stops.delete(stop);
      stop();
    };
  };

  const send = (durable: Durable, subject: string, encode: () => Uint8Array): Promise<void> =>
    call('report', () => {
      const bytes = encode();
      if (bytes.length > reportBytesMax) {
        throw new BusUnavailable(`report on ${subject}: ${bytes.length} bytes, at most ${reportBytesMax} are taken`);
      }
      broker.store(broker.reports, subject, bytes);
      durable.offer(subject);
    });

  const ask = (what: 'sync' | 'renew'): Promise<string> =>
    call(what, async () => {
      const handle = wire.isCut('orchestrator') ? undefined : broker.asks.get(what);
      if (handle === undefined) throw new BusUnavailable(`${what} of miner ${minerId}: nobody answered`);
      const answer = await handle(minerId);
      if (!answer.ok) throw new BusUnavailable(`${what} of miner ${minerId}: ${answer.reason}`);
      return answer.text;
    });

  return {
    onSpec: async (handle) => {
      const stop = broker
        .workOf(minerId)
        .subscribe((subject, bytes) => handle(opened(decodeMessage(desiredSpec, bytes, specBytesMax), subject)));
      return stoppable(stop);
    },
    sync: async () => {
      await ask('sync');
    },
    renew: () => ask('renew'),
    report: (report) =>
      send(broker.reportsTo, subjects.report(minerId, report.vmId), () => encodeMessage(vmReport, report)),
    reportHost: (report) => send(broker.hostsTo, subjects.host(minerId), () => encodeMessage(hostReport, report)),
    beat: () => {
      if (closed || wire.isCut(minerId)) return;
      wire.send('orchestrator', async () => broker.beat?.(minerId));
    },
    onConsole: async (handle) => {
      const answer = async (asked: { vmId: string; bytesMax: number }): Promise<string> =>
        (await handle(asked.vmId, asked.bytesMax)).slice(-asked.bytesMax);
      broker.consoles.set(minerId, answer);
      return stoppable(() => {
        if (broker.consoles.get(minerId) === answer) broker.consoles.delete(minerId);
      });
    },
    close: async () => {
      closed = true;
      for (const stop of stops) stop();
    },
  };
};
