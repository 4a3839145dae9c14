import { type Position, type Positions, pageEvents, type ReadPage, type RecordedEvent } from '#events';
import { historyPagesMax, newestEventsMax } from './limits.ts';
import type { Reader } from './reader.ts';

/**
 * Reads of the end of the log from memory. Every consumer asks for the same newest events within the same milliseconds;
 * the first of them reads the rows and parses them, the others are given the same events. Whether anybody has committed
 * since, in this process or another, SQLite says each time. Whole pages of history never change: consumers that
 * start together read it side by side, and as long as they do, the last few that were read are kept too. Who reads history
 * alone has nothing kept for it: what outlives the page that is read costs the collector more than to read it.
 */
export const createNewest = (reader: Reader, positions: Positions): Pick<Reader, 'readAll' | 'readAllBare'> => {
  /** Events after `base`, without a gap, up to the end of the log as of `version`. */
  let events: RecordedEvent[] = [];
  let base = 0;
  let version: number | undefined;
  const history = createHistory(reader);

  const countAfter = (after: Position | null): number => (after === null ? 0 : positions.countOf(after));

  /** Takes in what was committed since; `false` when that is more than is held here. */
  const refresh = (): boolean => {
    const now = reader.dataVersion();
    if (version !== undefined && now === version) return true;
    if (version === undefined) return false;
    const page = reader.readAll(base + events.length === 0 ? null : positions.of(base + events.length), undefined);
    if (!page.end) return false;
    const all = [...events, ...page.events];
    const dropped = Math.max(0, all.length - newestEventsMax);
    events = all.slice(dropped);
    base += dropped;
    version = now;
    return true;
  };

  /** Begins anew at the end of the log, which this page has reached. */
  const beginAt = (page: ReadPage, before: number | undefined): ReadPage => {
    if (!page.end) return page;
    events = [...page.events];
    base = countAfter(page.next) - events.length;
    version = before;
    return page;
  };

  /** A page from memory; `null` when it is not held there. */
  const held = (after: Position | null, limit: number | undefined, from: number): ReadPage | null => {
    if (!refresh() || from < base || from > base + events.length) return null;
    // Whoever reads here has caught up; who still reads history reads it again.
    history.forget();
    const page = events.slice(from - base, from - base + pageEvents(limit));
    return { events: page, next: page.at(-1)?.position ?? after, end: from + page.length === base + events.length };
  };

  const readAll: Reader['readAll'] = (after, limit) => {
    const from = countAfter(after);
    const page = held(after, limit, from);
    if (page !== null) return page;
    const before = reader.dataVersion();
    return beginAt(history.read(after, limit, from), before);
  };

  return {
    readAll,
    // Whole events are what is shared at the end of the log; of history, which is long, the bare ones are read.
    readAllBare: (after, limit) => {
      const page = held(after, limit, countAfter(after)) ?? reader.readAllBare(after, limit);
      // At the end, from then on, everybody reads the same.
      return page.end && page.events.length > 0 ? readAll(after, limit) : page;
    },
  };
};

/** Reads of history. A page is kept once somebody asks again for one of the last few, until a kept one leaves unasked for. */
const createHistory = (reader: Reader) => {
  /** The last few that were read, oldest first; `null` for one that was not kept. */
  const pages = new Map<string, { readonly page: ReadPage; given: boolean } | null>();
  let isShared = false;
  return {
    read: (after: Position | null, limit: number | undefined, from: number): ReadPage => {
      const key = `${from} ${pageEvents(limit)}`;
      const kept = pages.get(key);
      if (kept !== undefined) isShared = true;
      if (kept) {
        kept.given = true;
        return kept.page;
      }
      const page = reader.readAll(after, limit);
      if (page.end) return page;
      pages.delete(key);
      pages.set(key, isShared ? { page, given: false } : null);
      for (const [oldest, leaving] of pages) {
        if (pages.size <= historyPagesMax) break;
        if (leaving?.given === false) isShared = false;
        pages.delete(oldest);
      }
      return page;
    },
    forget: () => {
      pages.clear();
      isShared = false;
    },
  };
};
