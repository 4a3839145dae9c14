import type { KeyObject } from 'node:crypto';
import { genesisHash } from '../chain.ts';
import type { RecordedEvent } from '../envelope.ts';
import { logHeadDueStreams } from '../limits.ts';
import {
  emptyLogHash,
  extendLogHash,
  type LogHead,
  LogHeadInvalid,
  lineHash,
  readHead,
  type SignedHead,
  signHead,
  streamHead,
} from './log-head.ts';

/** The heads in the lines of a file, oldest first. Throws {@link LogHeadInvalid} on the first that is not signed or does not follow. */
export async function* readHeads(lines: AsyncIterable<string>, key: KeyObject): AsyncGenerator<SignedHead> {
  let previous = genesisHash;
  for await (const line of lines) {
    const head = readHead(line, key);
    if (head.previous !== previous) {
      throw new LogHeadInvalid(
        `the head at ${head.position} does not follow the line before it: a line is missing or moved`,
      );
    }
    previous = lineHash(line);
    yield head;
  }
}

/** Where signing goes on: the last line that was written, and its head. */
export type LastHead = { readonly line: string; readonly head: SignedHead };

/**
 * Follows the log and makes the lines of a file of heads. `take` wants every event once, in order, from after the last
 * head. A line is due before too many streams have grown; what the caller does not write down is said again by the next.
 */
export const createHeadSigner = (storeId: string, key: KeyObject, last: LastHead | null) => {
  let events = last?.head.events ?? 0;
  let logHash = last?.head.logHash ?? emptyLogHash;
  let previous = last === null ? genesisHash : lineHash(last.line);
  let position = last?.head.position ?? null;
  const grown = new Map<string, LogHead['streams'][number]>();
  return {
    take: (event: RecordedEvent): void => {
      events += 1;
      logHash = extendLogHash(logHash, event);
      position = event.position;
      grown.set(event.stream, streamHead(event));
    },
    /** Whether so many streams have grown that a line should not wait for its time. */
    due: () => grown.size >= logHeadDueStreams,
    /** The next line; `null` when nothing has been recorded since. */
    next: (signedAt: string): string | null => {
      if (position === null || grown.size === 0) return null;
      const streams = [...grown.values()].sort(([a], [b]) => (a < b ? -1 : 1));
      const head = {
        format: 'hcc-log-head',
        version: 1,
        storeId,
        position,
        events,
        logHash,
        streams,
        previous,
        signedAt,
      } as const;
      return signHead(head, key);
    },
    /** The line is on disk. */
    written: (line: string): void => {
      previous = lineHash(line);
      grown.clear();
    },
  };
};
