import { expect, test } from 'vitest';
import { isUuid } from '#domain';
import { createSeededIds } from './seeded-ids.ts';

test('the same seed makes the same ids, another makes others, and all are UUIDs', () => {
  const [a, again, other] = [createSeededIds(7), createSeededIds(7), createSeededIds(8)];
  const ids = Array.from({ length: 100 }, () => a.uuid());
  expect(Array.from({ length: 100 }, () => again.uuid())).toEqual(ids);
  expect(ids).not.toContain(other.uuid());
  expect(new Set(ids).size).toBe(100);
  expect(ids.every(isUuid)).toBe(true);
});
