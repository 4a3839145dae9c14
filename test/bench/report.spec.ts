import { describe, expect, test } from 'vitest';
import type { Figure } from './pairs.ts';
import { type Bench, line, notMeasured, type Result, runAll } from './report.ts';

const figure = (name: string, ok = true): Figure => ({
  ...{ name, unit: 'events/s', ours: 1_200, raw: 2_000, ratio: 0.6, bar: 0.5, ok },
});
const good = (name: string): Bench => ({ name, run: () => figure(name) });
const broken: Bench = {
  name: 'broken',
  run: () => {
    throw new Error('no answer in 5000 ms');
  },
};

const collected = async (benches: readonly Bench[]): Promise<{ results: Result[]; told: string[] }> => {
  const [results, told]: [Result[], string[]] = [[], []];
  await runAll(benches, { tell: (text) => told.push(text), done: (result) => results.push(result) });
  return { results, told };
};

describe('a run of several benches', () => {
  test('given one that fails / then the others have their figures, and it is named with its reason', async () => {
    const { results, told } = await collected([good('first'), broken, good('last')]);
    expect(results).toEqual([
      figure('first'),
      { name: 'broken', ok: false, error: 'no answer in 5000 ms' },
      figure('last'),
    ]);
    expect(told[1]).toBe('NONE broken: no answer in 5000 ms');
  });

  test('given a run that is ended / then what was not measured is named, and is no bar that was met', () => {
    const left = notMeasured([good('first'), good('second'), good('third')], [figure('first')], 'SIGTERM');
    expect(left.map(({ name, ok }) => ({ name, ok }))).toEqual([
      { name: 'second', ok: false },
      { name: 'third', ok: false },
    ]);
    expect(left[0]?.error).toContain('SIGTERM');
  });

  test('a line says whether the bar is met', () => {
    expect(line(figure('relay'))).toBe('ok   relay: 1,200 against 2,000 events/s, ratio 0.6, bar 0.5');
    expect(line(figure('relay', false))).toMatch(/^LOW {2}relay/);
    expect(line({ ...figure('unlock'), raw: null, ratio: null })).toBe('ok   unlock: 1,200 events/s, bar 0.5');
  });
});
