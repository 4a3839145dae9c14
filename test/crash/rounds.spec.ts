import { expect, test } from 'vitest';
import { drawRounds, victims } from './rounds.ts';

test('given a short run / when its rounds are drawn / then each victim dies once, and the bus loses its store with it', () => {
  const rounds = drawRounds(1, victims.length);
  expect(rounds.map(({ victim }) => victim)).toEqual(victims);
  expect(rounds.find(({ victim }) => victim === 'nats-server')).toMatchObject({ wipe: true });
});

test('given many rounds / when they are drawn / then every moment is as likely as another, and each deed and victim comes', () => {
  const rounds = drawRounds(7, 1_000).slice(victims.length);
  for (let from = 0; from < 4_000; from += 500) {
    const within = rounds.filter(({ delayMs }) => delayMs >= from && delayMs < from + 500).length;
    expect(within, `between ${from} and ${from + 500} ms`).toBeGreaterThan(rounds.length / 16);
  }
  expect(new Set(rounds.map(({ victim }) => victim))).toEqual(new Set(victims));
  expect(new Set(rounds.map(({ deed }) => deed)).size).toBe(6);
});

test('given a seed / when rounds are drawn again, fewer or more / then those of both are the same', () => {
  expect(drawRounds(3, 20).slice(0, 5)).toEqual(drawRounds(3, 5));
});
