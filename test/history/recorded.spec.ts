import { describe, expect, test } from 'vitest';
import { fold } from '#domain';
import {
  type Aggregate,
  aggregates,
  type Category,
  categories,
  categoryOf,
  findChainFault,
  type RecordedEvent,
} from '#events';
import { allCodecs, goldenDir, readGoldens } from './golden.ts';
import { everythingIn, readRecorded, recordedDir, refilled, rowsOf } from './recorded.ts';

const histories = readRecorded(recordedDir(process.cwd()));

/** Event versions that no recorded history holds. It only gets shorter: a new event is recorded (npm run goldens -- --record). */
const unrecorded: readonly string[] = [
  'VmBackupFailed.v1',
  'VmImageKeyReleased.v1',
  'VmKeyDestroyed.v1',
  'VmPlacementDeclined.v1',
  'VmPlacementRejected.v1',
  'VmResizeRefused.v1',
];

type StreamFold = (events: readonly RecordedEvent[]) => unknown;

const foldOf =
  <State, Command, Event extends { readonly type: string }>({
    decider,
    codec,
  }: Pick<Aggregate<State, Command, Event>, 'decider' | 'codec'>): StreamFold =>
  (events) =>
    fold(decider, events.map(codec.decode));

/** An aggregate's state from its stream, by this build's rules: of every category there is, or the compiler says so. */
const folds: Readonly<Record<Category, StreamFold>> = {
  vm: foldOf(aggregates.vm),
  account: foldOf(aggregates.account),
  miner: foldOf(aggregates.miner),
  image: foldOf(aggregates.image),
  flavor: foldOf(aggregates.flavor),
  appraisal: foldOf(aggregates.appraisal),
  device: foldOf(aggregates.device),
  policy: foldOf(aggregates.policy),
  network: foldOf(aggregates.network),
  // Its rules are of single events: there is no state of the whole.
  parked: (events) => events.map(aggregates.parked.codec.decode),
};

test('there are recorded histories, and they hold what a network does', () => {
  expect(histories.length).toBeGreaterThanOrEqual(3);
  const types = new Set(histories.flatMap(({ log }) => log.map(({ type }) => type)));
  for (const type of ['VmRunning', 'VmTerminated', 'MinerLost', 'HoldReleased', 'VmLost', 'VmRecovered']) {
    expect(types).toContain(type);
  }
});

test('streams of every category there is can be folded', () => {
  expect(Object.keys(folds).sort()).toEqual([...categories].sort());
});

test('every event version ever stored is in some recorded history, but for those that are named', () => {
  const held = new Set(histories.flatMap(({ log }) => log.map(({ type, version }) => `${type}.v${version}`)));
  const stored = readGoldens(goldenDir(process.cwd())).filter(({ readAs }) => readAs === undefined);
  const missing = stored.map(({ type, version }) => `${type}.v${version}`).filter((name) => !held.has(name));
  expect(missing.sort()).toEqual([...unrecorded].sort());
});

describe.each(histories.map((history) => [history.name, history] as const))('recorded history %s', (_name, history) => {
  const byStream = Map.groupBy(history.log, ({ stream }) => stream);

  test('every hash in it is still the hash of what it stands for, kept anew as well', async () => {
    for (const events of byStream.values()) expect(findChainFault(events)).toBeNull();
    const again: RecordedEvent[] = [];
    for await (const event of everythingIn(await refilled(history.log))) again.push(event);
    expect(again).toEqual(history.log);
  });

  test('this build reads every event of it, and folds every aggregate', () => {
    for (const { type, version, data, stream, revision } of history.log) {
      expect(allCodecs.get(categoryOf(stream))?.decode({ type, version, data, stream, revision }).type).toBe(type);
    }
    for (const [stream, events] of byStream) {
      // Neither null, which an aggregate is before its first event, nor what a missing fold would give.
      expect(folds[categoryOf(stream)](events), stream).toBeInstanceOf(Object);
    }
  });

  // What it says may grow by fields and tables; what it said then it still says.
  test('every projection of this build makes the rows of it that were recorded then', async () => {
    const rows = await rowsOf(await refilled(history.log));
    for (const [table, recorded] of Object.entries(history.rows)) {
      expect([table, rows[table]?.length]).toEqual([table, recorded.length]);
      expect(rows[table]).toMatchObject(recorded);
    }
  });
});
