import {
  BusUnavailable,
  type CallHandlers,
  decodeMessage,
  desiredSpec,
  drainWish,
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

  const heard = <Listener extends { readonly who: string }>(all: Iterable<Listener>, what: string): Listener => {
    const asked = wire.oneOf([...all].filter(({ who }) => !wire.isCut(who)));
    if (asked === undefined) throw new BusUnavailable(`${what} of miner ${minerId}: nobody answered`);
    return asked;
  };

  const ask = (what: 'sync' | 'renew'): Promise<string> =>
    call(what, async () => {
      const listening = [...broker.asks].filter((one) => one.what === what);
      const answer = await heard(listening, what).handle(minerId);
      if (!answer.ok) throw new BusUnavailable(`${what} of miner ${minerId}: ${answer.reason}`);
      return answer.text;
    });

  return {
    onSpec: async (handle) => {
      const stop = broker
        .workOf(minerId)
        .subscribe(minerId, (subject, bytes) =>
          handle(opened(decodeMessage(desiredSpec, bytes, specBytesMax), subject)),
        );
      return stoppable(stop);
    },
    sync: async () => {
      await ask('sync');
    },
    renew: () => ask('renew'),
    drain: (wish) =>
      call('drain', () => {
        const sent = opened(decodeMessage(drainWish, encodeMessage(drainWish, wish), reportBytesMax), 'drain');
        return heard(broker.drains, 'drain').handle(minerId, sent);
      }),
    report: (report) =>
      send(broker.reportsTo, subjects.report(minerId, report.vmId), () => encodeMessage(vmReport, report)),
    reportHost: (report) => send(broker.hostsTo, subjects.host(minerId), () => encodeMessage(hostReport, report)),
    beat: () => {
      if (closed || wire.isCut(minerId)) return;
      const hearing = () => [...broker.beats].filter(({ who }) => !wire.isCut(who));
      const isReachable = () => broker.beats.size === 0 || hearing().length > 0;
      wire.send(isReachable, async () => wire.oneOf(hearing())?.hear(minerId), null);
    },
    onCalls: async ({ console, ...others }) => {
      const clipped: CallHandlers = {
        console: async (asked) => {
          const part = await console(asked);
          const text = part.text.slice(-asked.bytesMax);
          return { ...part, text, start: Math.max(part.start, part.end - text.length) };
        },
        ...others,
      };
      broker.calls.set(minerId, clipped);
      return stoppable(() => {
        if (broker.calls.get(minerId) === clipped) broker.calls.delete(minerId);
      });
    },
    guests: {
      ask: (what, message) =>
        call(`guest ${what}`, async () => {
          const there = [...broker.guestDesks].filter((one) => !wire.isCut(one.who));
          const asked = wire.oneOf(there);
          if (asked === undefined) throw new BusUnavailable(`guest ${what} of miner ${minerId}: nobody answered`);
          return asked.handlers[what](minerId, message);
        }),
    },
    close: async () => {
      closed = true;
      for (const stop of stops) stop();
    },
  };
};
