import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh directory for one measurement, and its end. */
export const freshPlace = () => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-bench-'));
  return {
    path: (name: string): string => join(dir, name),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
};

/** `work` for every number below `count`, so many at a time. */
export const inFlight = async (
  count: number,
  at: number,
  work: (n: number, lane: number) => Promise<unknown>,
): Promise<void> => {
  let next = 0;
  const lane = async (number: number): Promise<void> => {
    while (next < count) {
      const n = next;
      next += 1;
      await work(n, number);
    }
  };
  await Promise.all(Array.from({ length: Math.min(at, count) }, (_, number) => lane(number)));
};
