import { describe, expect, test } from 'vitest';
import { fold } from '#domain';
import { aggregates, categoryOf, findChainFault, idOf, type RecordedEvent } from '#events';
import { allCodecs } from './golden.ts';
import { everythingIn, readRecorded, recordedDir, refilled, rowsOf } from './recorded.ts';

const histories = readRecorded(recordedDir(process.cwd()));

/** An aggregate's state from its stream, by this build's rules. */
const stateOf = (events: readonly RecordedEvent[]): unknown => {
  const [first] = events;
  if (first === undefined) return null;
  const category = categoryOf(first.stream);
  switch (category) {
    case 'vm':
      return fold(aggregates.vm.decider, events.map(aggregates.vm.codec.decode));
    case 'account':
      return fold(aggregates.account.decider, events.map(aggregates.account.codec.decode));
    case 'miner':
      return fold(aggregates.miner.decider, events.map(aggregates.miner.codec.decode));
    case 'image':
      return fold(aggregates.image.decider, events.map(aggregates.image.codec.decode));
    case 'flavor':
      return fold(aggregates.flavor.decider, events.map(aggregates.flavor.codec.decode));
    case 'parked':
      return events.map(aggregates.parked.codec.decode);
  }
};

test('there are recorded histories, and they hold what a network does', () => {
  expect(histories.length).toBeGreaterThanOrEqual(3);
  const types = new Set(histories.flatMap(({ log }) => log.map(({ type }) => type)));
  for (const type of ['VmRunning', 'VmTerminated', 'MinerLost', 'HoldReleased', 'VmLost', 'VmRecovered']) {
    expect(types).toContain(type);
  }
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
    for (const [stream, events] of byStream) expect([idOf(stream), stateOf(events)]).not.toEqual([idOf(stream), null]);
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
