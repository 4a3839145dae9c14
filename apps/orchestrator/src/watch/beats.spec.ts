import { describe, expect, test } from 'vitest';
import type { MinerId } from '#domain';
import { beatIntervalMs, judgeBeats, silenceMaxMs } from './beats.ts';

const now = 1_000_000;
const ids = (count: number): readonly MinerId[] => Array.from({ length: count }, (_, index) => `m${index}` as MinerId);

/** Miners of which the first `silent` were last heard too long ago, the others just now. */
const judge = (present: number, silent: number, since: number | null = 0) => {
  const heardAt = new Map(ids(present).map((id, index) => [id, index < silent ? now - silenceMaxMs - 1 : now]));
  const { lost, alert } = judgeBeats({ since, heardAt }, now);
  return { lost: lost.length, alert: alert.length };
};

describe('judging silence', () => {
  test.each([
    { present: 0, silent: 0, lost: 0, alert: 0 },
    { present: 5, silent: 0, lost: 0, alert: 0 },
    { present: 1, silent: 1, lost: 1, alert: 0 },
    { present: 2, silent: 1, lost: 1, alert: 0 },
    { present: 2, silent: 2, lost: 0, alert: 2 },
    { present: 3, silent: 1, lost: 1, alert: 0 },
    { present: 4, silent: 2, lost: 0, alert: 2 },
    { present: 6, silent: 2, lost: 2, alert: 0 },
    { present: 6, silent: 3, lost: 0, alert: 3 },
    { present: 100, silent: 33, lost: 33, alert: 0 },
    { present: 100, silent: 34, lost: 0, alert: 34 },
  ])(
    'given $silent of $present silent, then $lost are lost and $alert raise an alert',
    ({ present, silent, ...expected }) => {
      expect(judge(present, silent)).toEqual(expected);
    },
  );

  test('given exactly the longest silence allowed, then nobody is lost; a millisecond more, and it is', () => {
    const [miner] = ids(1);
    const at = (lastSeenMsAgo: number) =>
      judgeBeats({ since: 0, heardAt: new Map(miner ? [[miner, now - lastSeenMsAgo]] : []) }, now).lost;
    expect(at(silenceMaxMs)).toEqual([]);
    expect(at(silenceMaxMs + 1)).toEqual([
      {
        minerId: miner,
        lastSeenAt: now - silenceMaxMs - 1,
        missedBeats: Math.floor((silenceMaxMs + 1) / beatIntervalMs),
      },
    ]);
  });

  test('given we hear nothing at all ourselves, then nobody is judged', () => {
    expect(judge(3, 1, null)).toEqual({ lost: 0, alert: 0 });
  });

  test('given our own connection came back just now, then the window begins anew', () => {
    expect(judge(3, 1, now - silenceMaxMs)).toEqual({ lost: 0, alert: 0 });
    expect(judge(3, 1, now - silenceMaxMs - 1)).toEqual({ lost: 1, alert: 0 });
  });

  test('given a miner that was heard before we listened, then its silence counts from when we began', () => {
    const heardAt = new Map(ids(1).map((id) => [id, 0]));
    expect(judgeBeats({ since: now - silenceMaxMs, heardAt }, now).lost).toEqual([]);
    expect(judgeBeats({ since: now - silenceMaxMs - 1, heardAt }, now).lost).toHaveLength(1);
  });
});
