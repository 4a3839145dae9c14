import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type CountTerms, countBoot, openingOf, writeCounter } from './counter.ts';

const eighth: CountTerms = { mode: 'unlock', minCounter: 5, counter: 8 };

/** The root of a volume, with what a counter file in it says. */
const volume = async () => {
  const root = await mkdtemp(join(tmpdir(), 'hcc-counter-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const said = () => readFile(join(root, 'var/lib/hcc/boot-counter'), 'utf8').catch(() => 'none');
  return { root, said };
};

describe('the number of an opening', () => {
  test.each([
    ['the disk of opening 5, which was confirmed last', 5, eighth, { counter: 8, isLatest: true }],
    ['one that was opened since, and never confirmed', 7, eighth, { counter: 8, isLatest: true }],
    ['an older one', 4, eighth, { counter: 5, isLatest: false }],
    ['one that says an opening that is yet to come', 8, eighth, { counter: 9, isLatest: false }],
    ['a new one, whatever its image says', 41, { ...eighth, mode: 'format' }, { counter: 8, isLatest: true }],
    ['a network that gives no number', 5, { mode: 'unlock', minCounter: 5 }, { counter: 6, isLatest: true }],
    ['the same, of an older one', 4, { mode: 'unlock', minCounter: 5 }, { counter: 5, isLatest: false }],
  ] as const)('given %s / then it is %j', (_, last, terms, opening) => {
    expect(openingOf(last, terms)).toEqual(opening);
  });

  test('given an older disk / when it is opened, again and again / then it says the same, until a number is written', async () => {
    const { root, said } = await volume();
    writeCounter(root, 4);
    for (const counter of [8, 9, 10]) {
      expect(countBoot(root, { ...eighth, counter })).toEqual({ counter: 5, isLatest: false });
      expect(await said()).toBe('4\n');
    }
    writeCounter(root, 10);
    expect(countBoot(root, { mode: 'unlock', minCounter: 10, counter: 11 })).toEqual({
      counter: 11,
      isLatest: true,
    });
    expect(await said()).toBe('11\n');
  });
});
