import { setImmediate } from 'node:timers/promises';
import { type ChainFault, genesisHash, linkHash, readPageEventsMax } from '#events';
import type { Reader } from './reader.ts';
import { type EventRow, streamOf, toAdmitted } from './rows.ts';

export type LogReport = {
  readonly events: number;
  readonly streams: number;
  /** The first event, in the order of the log, that is not what was recorded; `null` when all are. */
  readonly fault: ChainFault | null;
  /** `ok`, or what SQLite found wrong with the file. */
  readonly integrity: string;
};

type Link = { readonly revision: number; readonly hash: string };

/**
 * Hashes every stored event again and follows every stream's chain, up to the first fault. A tail cut off a stream that
 * nothing follows in the log is not seen: that takes a head kept outside the file.
 */
export const verifyLog = async (reader: Reader): Promise<LogReport> => {
  const integrity = reader.integrity();
  const links = new Map<string, Link>();
  const head = reader.head() ?? 0;
  let events = 0;
  let last = 0;
  while (last < head) {
    const rows = reader.rowsAfter(last, readPageEventsMax);
    if (rows.length === 0) break;
    for (const row of rows) {
      events += 1;
      const fault = faultOf(row, last, links.get(row.stream) ?? { revision: -1, hash: genesisHash });
      if (fault !== null) return { events, streams: links.size, fault, integrity };
      links.set(row.stream, row);
      last = row.position;
    }
    await setImmediate();
  }
  return { events, streams: links.size, fault: null, integrity };
};

const faultOf = (row: EventRow, lastPosition: number, before: Link): ChainFault | null => {
  const stream = streamOf(row);
  const at = { stream, revision: BigInt(row.revision), eventId: row.eventId };
  if (row.position !== lastPosition + 1) return { ...at, fault: 'position' };
  if (row.revision !== before.revision + 1) return { ...at, fault: 'revision' };
  if (row.prevHash !== before.hash) return { ...at, fault: 'prev-hash' };
  if (linkHash(toAdmitted(row), stream, row.revision, row.prevHash) !== row.hash) return { ...at, fault: 'hash' };
  return null;
};
