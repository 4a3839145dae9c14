import fc from 'fast-check';
import { type Category, type EventStore, eventIdOf, isoTime, type JsonObject, streamName } from '#events';
import { goldenDir, readGoldens } from './golden.ts';

/** One event that may come anywhere: of some type and version ever stored, on one of a few streams of its category. */
export type Anything = {
  readonly category: Category;
  readonly stream: 'a' | 'b' | 'c';
  readonly type: string;
  readonly version: number;
  readonly data: JsonObject;
  /** How far the writer's clock went since the last event: sometimes back. */
  readonly ms: number;
};

const goldens = readGoldens(goldenDir(process.cwd())).filter(({ readAs }) => readAs === undefined);

const stored = goldens.flatMap(({ category, type, version, samples }) =>
  samples.map((data) => ({ category: category as Category, type, version, data })),
);
const known: fc.Arbitrary<Omit<Anything, 'stream' | 'ms'>> = fc.constantFrom(...stored);
const unknown = known.map((event) => ({ ...event, type: 'NobodyKnowsThis' }));

/** Any event of the goldens, and now and then one that this build cannot read. A type added to them comes by itself. */
export const anything: fc.Arbitrary<Anything> = fc
  .record({
    event: fc.oneof({ weight: 40, arbitrary: known }, { weight: 1, arbitrary: unknown }),
    stream: fc.constantFrom('a' as const, 'b' as const, 'c' as const),
    ms: fc.integer({ min: -2_000, max: 5_000 }),
  })
  .map(({ event, stream, ms }) => ({ ...event, stream, ms }));

/** Every category's first events come first on each stream, so that folds that wait for a beginning get one. */
export const beginnings: readonly Anything[] = [
  ...['VmRequested', 'AccountOpened', 'MinerInvited', 'ImageRegistered', 'FlavorDefined', 'EventParked'],
  ...['AttestationKeyEnrolled', 'DeviceClaimed', 'PolicyPublished', 'NetworkFounded'],
].flatMap((type) => {
  const found = stored.find((event) => event.type === type);
  if (found === undefined) return [];
  return (['a', 'b', 'c'] as const).map((stream) => ({ ...found, stream, ms: 1_000 }));
});

/** Appends anything at all, one event after the other. */
export const createTeller = (store: EventStore) => {
  const revisions = new Map<string, bigint>();
  let now = Date.UTC(2026, 0, 1);
  let told = 0;
  return async ({ category, stream, type, version, data, ms }: Anything): Promise<void> => {
    const name = streamName(category, stream);
    now += ms;
    told += 1;
    const event = {
      ...{ eventId: eventIdOf(`anything-${told}`, 0), type, version, data, recordedAt: isoTime(now) },
      ...{ actor: 'system:test' as const, correlationId: `${told}`, causationId: `${told}`, traceparent: null },
    };
    const { revision } = await store.append(name, [event], revisions.get(name) ?? 'no-stream');
    revisions.set(name, revision);
  };
};
