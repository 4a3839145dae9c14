import { fold } from '#domain';
import { DoorProblem } from '#edge';
import {
  aggregates,
  deviceStreamId,
  type EventStore,
  parseStreamName,
  type RecordedEvent,
  readPageEventsMax,
  type StreamName,
  streamName,
} from '#events';
import { passportLimits as limits, type Passport, type PassportAppraisal, passportEvent } from '#passport';

type Log = Pick<EventStore, 'readStream'>;

/** The streams of one passport, whole and in their order. Refuses `passport-too-large` before it holds more than a passport may have. */
export const readStreams = async (store: Log, names: readonly string[]): Promise<Passport['streams']> => {
  const streams: Passport['streams'] = [];
  let room = limits.eventCharsMax;
  for (const name of names) {
    const events: Passport['streams'][number]['events'] = [];
    const stream = parseStreamName(name);
    if (stream === null) throw new Error(`BUG: ${name} is no name of a stream`);
    for await (const recorded of eventsOf(store, stream)) {
      const event = passportEvent(recorded);
      room -= JSON.stringify(event).length;
      if (room < 0 || events.length >= limits.eventsMax) throw tooLarge(name);
      events.push(event);
    }
    streams.push({ stream: name, events });
  }
  return streams;
};

const tooLarge = (name: string): DoorProblem =>
  new DoorProblem(
    'passport-too-large',
    `${name} has more than a passport holds (${limits.eventsMax} events, ${limits.eventCharsMax} characters in all); hcc export has the whole log`,
  );

/** The versions of guest-boot that this VM's verdicts went by, or that its boots were settled by; the newest, as many as there is room for. */
export const readPolicies = async (
  store: Log,
  isWanted: (version: number, document: object) => boolean,
): Promise<Passport['policies']> => {
  const found: Passport['policies'] = [];
  for await (const recorded of eventsOf(store, streamName('policy', 'guest-boot'))) {
    const { version, document } = aggregates.policy.codec.decode(recorded);
    if (!isWanted(version, document)) continue;
    found.push({ version, document: { ...document } });
    let chars = found.reduce((sum, one) => sum + JSON.stringify(one).length, 0);
    while (found.length > limits.policiesMax || chars > limits.policyCharsMax) {
      chars -= JSON.stringify(found.shift()).length;
    }
  }
  return found;
};

type Chip = NonNullable<PassportAppraisal['chip']>;

/** Whose a chip was at a time, from its own stream. */
export const createChipHolders = (store: Log) => {
  const known = new Map<string, readonly RecordedEvent[]>();
  return async (deviceId: string, atMs: number): Promise<Chip> => {
    const before = known.get(deviceId);
    const changes = before ?? (await changesOf(store, deviceId));
    if (before === undefined) known.set(deviceId, changes);
    const { decider, codec } = aggregates.device;
    const then = changes.filter(({ recordedAt }) => Date.parse(recordedAt) <= atMs);
    return { deviceId, heldBy: fold(decider, then.map(codec.decode))?.holder ?? null };
  };
};

/** Without the claims that were refused, of which there may be any number. */
const changesOf = async (store: Log, deviceId: string): Promise<readonly RecordedEvent[]> => {
  const changes: RecordedEvent[] = [];
  const stream = streamName('device', deviceStreamId({ deviceKind: 'chip', deviceId }));
  for await (const recorded of eventsOf(store, stream)) {
    if (recorded.type !== 'DeviceClaimRefused') changes.push(recorded);
  }
  return changes;
};

async function* eventsOf(store: Log, stream: StreamName): AsyncGenerator<RecordedEvent> {
  for (let from = 0n; ; ) {
    const page = await store.readStream(stream, { from, limit: readPageEventsMax });
    yield* page;
    from += BigInt(page.length);
    if (page.length < readPageEventsMax) return;
  }
}
