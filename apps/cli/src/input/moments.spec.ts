import { describe, expect, test } from 'vitest';
import { failureOf } from '../output/errors.ts';
import { momentOption, secondsOption, spanOption, timeOption } from './moments.ts';

const machine = { clock: { now: () => Date.parse('2026-01-31T12:00:00Z') } };

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return failureOf(error);
  }
};

describe('a moment of the log', () => {
  const [, , read] = momentOption(machine, '--at <moment>', 'when');

  test.each([
    ['90s', '2026-01-31T11:58:30.000Z'],
    ['3d', '2026-01-28T12:00:00.000Z'],
    ['2026-01-31T13:30+02:00', '2026-01-31T13:30+02:00'],
    ['1a2b3c4d.17', '1a2b3c4d.17'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ])('of %s is asked for as %s', (text, moment) => expect(read(text)).toBe(moment));

  test.each([
    'yesterday',
    '2026-13-31',
    '2026-02-30',
    '2026-02-30T00:00:00Z',
    '2026-01-31T12:00',
    '2026-13-01T00:00:00Z',
    '17',
    '1.5',
    '10w',
    '-1',
    '',
  ])('"%s" is refused with what would do', (text) =>
    expect(thrownBy(() => read(text))).toMatchObject({
      ...{ code: 'moment-malformed', message: '--at is not a moment', observed: JSON.stringify(text), exitCode: 2 },
      ...{ wanted: expect.stringContaining('a position'), fix: '--at 10m' },
    }),
  );

  test('before there were clocks is refused, and is no crash', () =>
    expect(thrownBy(() => read('999999999d'))).toMatchObject({ code: 'moment-malformed' }));
});

test('a time is a day, a time with its zone or an age', () => {
  const [, , read] = timeOption(machine, '--since <time>', 'when');
  expect(['2026-01-31', '2026-01-31T12:00:00Z', '15m'].map(read)).toEqual([
    ...['2026-01-31T00:00:00.000Z', '2026-01-31T12:00:00.000Z', '2026-01-31T11:45:00.000Z'],
  ]);
  for (const text of ['tomorrow', '2026-02-30x', '12:00', '1a2b3c4d.17']) {
    expect(thrownBy(() => read(text))).toMatchObject({ code: 'time-malformed', observed: JSON.stringify(text) });
  }
});

test('a span is minutes, hours or days', () => {
  const [, , read] = spanOption('--deadline <span>', 'how long');
  expect(['90m', '12h', '3d'].map(read)).toEqual([5_400_000, 43_200_000, 259_200_000]);
  for (const text of ['0m', '90', '1w', '-3d', '1.5h']) {
    expect(thrownBy(() => read(text))).toMatchObject({ code: 'span-malformed', fix: '--deadline 90m' });
  }
});

test('seconds are 0.2 or more', () => {
  const [, , read] = secondsOption('-w, --watch [seconds]', 'how often');
  expect(['0.2', '5'].map(read)).toEqual([200, 5_000]);
  expect(thrownBy(() => read('0.1'))).toMatchObject({ code: 'seconds-malformed', fix: '--watch 2' });
});
