import { createMemoryEventStore } from '#adapters/memory';
import {
  BusUnavailable,
  createConsumer,
  type EventStore,
  eventIdOf,
  handleParked,
  type NewEvent,
  type ParkedCommand,
  type Position,
  parkedCodec,
  type RecordedEvent,
  type Sink,
  type StreamName,
  streamName,
} from '#events';

export const parkedStream = streamName('parked', 'reader');
const start = Date.UTC(2030, 0, 1);

/** A clock that moves by a second with every look, so that no two things happen at once. */
export const ticking = () => {
  let now = start;
  return {
    now: () => {
      now += 1_000;
      return now;
    },
    sleep: async () => undefined,
  };
};

const newEvent = (type: string, id: string): NewEvent => ({
  ...{ eventId: eventIdOf(id, 0), type, version: 1, data: {}, recordedAt: '2030-01-01T00:00:00.000Z' },
  ...{ actor: 'system:test', correlationId: 'a', causationId: 'a', traceparent: null },
});

/** Appends in order and gives back the ids. */
export const record = async (
  store: EventStore,
  stream: StreamName,
  ...types: readonly string[]
): Promise<readonly string[]> => {
  let { length } = await store.readStream(stream);
  const ids: string[] = [];
  for (const type of types) {
    const event = newEvent(type, `${stream}/${length}`);
    await store.append(stream, [event], length === 0 ? 'no-stream' : BigInt(length - 1));
    ids.push(event.eventId);
    length += 1;
  }
  return ids;
};

/** A world of one store and as many replicas of a consumer as wanted, each with rows of its own that outlive it. */
export const parkingWorld = (store = createMemoryEventStore()) => {
  const clock = ticking();
  const replica = (options: { readonly standingMax?: number } = {}) => {
    /** Per stream: the events that its row was folded from. */
    let [rows, saved] = [new Map<string, string[]>(), null as Position | null];
    let touched = new Map<string, string[]>();
    let seen = new Map<string, bigint>();
    let [broken, lost] = [new Set<string>(), false];
    const row = (stream: string): string[] => touched.get(stream) ?? rows.get(stream) ?? [];
    const keep = ({ stream, revision }: RecordedEvent, what: readonly string[]): void => {
      const next = seen.get(stream) ?? 0n;
      if (revision < next) return;
      if (revision > next) throw new Error(`has ${next} of ${stream} and was given ${revision}`);
      touched.set(stream, [...row(stream), ...what]);
      seen.set(stream, next + 1n);
    };
    const sink: Sink = {
      load: async () => {
        touched = new Map();
        seen = new Map([...rows].map(([stream, kept]) => [stream, BigInt(kept.length)]));
        return saved;
      },
      apply: (event) => {
        if (lost) throw new BusUnavailable('away');
        if (broken.has(event.type)) throw new TypeError(`${event.type} makes it throw`);
        keep(event, [event.type]);
      },
      skip: (event) => keep(event, ['-']),
      leaveOut: async (stream, skipped) => {
        touched.set(
          stream,
          row(stream).map((what, revision) => (skipped.has(BigInt(revision)) ? '-' : what)),
        );
      },
      has: (stream, revision) => revision < (seen.get(stream) ?? 0n),
      commit: (position) => {
        rows = new Map([...rows, ...touched]);
        saved = position;
      },
    };
    const begin = () => createConsumer({ name: 'reader', store, clock, sink, log: () => undefined, ...options });
    let consumer = begin();
    return {
      row: (stream: StreamName) => (rows.get(stream) ?? []).join(' '),
      breakOn: (...types: readonly string[]) => {
        broken = new Set(types);
      },
      lose: (is: boolean) => {
        lost = is;
      },
      restart: () => {
        consumer = begin();
      },
      step: () => consumer.runOnce(),
      run: async () => {
        while ((await consumer.runOnce()) > 0);
      },
      status: () => consumer.status(),
      parked: () => consumer.parked(),
      blocking: (stream: StreamName) => consumer.blocking(stream),
    };
  };
  let given = 0;
  const ask = (command: ParkedCommand extends infer C ? (C extends unknown ? Omit<C, 'now'> : never) : never) => {
    given += 1;
    return handleParked({ store, clock }, 'reader', { ...command, now: clock.now() } as ParkedCommand, {
      ...{
        commandId: `asked-${given}`,
        actor: 'operator:olga',
        correlationId: 'c',
        causationId: 'c',
        traceparent: null,
      },
    });
  };
  const told = async () =>
    (await store.readStream(parkedStream)).map((event) => ({ ...parkedCodec.decode(event), actor: event.actor }));
  return { store, clock, replica, ask, told, types: async () => (await told()).map(({ type }) => type) };
};
