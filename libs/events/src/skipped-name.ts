import { hash } from 'node:crypto';
import type { Holds } from './consumer-holds.ts';

/**
 * Names what a consumer was told to skip: the same name for the same events, '' for none; `null` while a stream is held back.
 * What was skipped once is for good, so their count tells of a change.
 */
export const createWithout = ({ blocked, parking }: Pick<Holds, 'blocked' | 'parking'>): (() => string | null) => {
  const { skipped } = parking.index;
  let [named, name] = [0, ''];
  return () => {
    if (blocked.size > 0) return null;
    if (named !== skipped.size) [named, name] = [skipped.size, hash('sha256', [...skipped.keys()].sort().join('\n'))];
    return name;
  };
};
