import { type Position, type Positions, pageEvents, type ReadPage, type RecordedEvent } from '#events';
import { historyPagesMax, newestEventsMax } from './limits.ts';
import type { Reader } from './reader.ts';

/**
 * Reads of the end of the log from memory. Every consumer asks for the same newest events within the same milliseconds;
 * the first of them reads the rows and parses them, the others are given the same events. Whether anybody has committed
 * since, in this process or another, SQLite says each time. Whole pages of history never change: the last few that were
 * read are kept too, because consumers that start together read it side by side.
 */
export const createNewest = (reader: Reader, positions: Positions): Reader['readAll'] => {
  /** Events after `base`, without a gap, up to the end of the log as of `version`. */
  let events: RecordedEvent[] = [];
  let base = 0;
  let version: number | undefined;
  const history = new Map<string, ReadPage>();

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

  const readHistory: Reader['readAll'] = (after, limit) => {
    const key = `${countAfter(after)} ${pageEvents(limit)}`;
    const kept = history.get(key);
    if (kept !== undefined) return kept;
    const page = reader.readAll(after, limit);
    if (page.end) return page;
    history.set(key, page);
    for (const oldest of history.keys()) {
      if (history.size <= historyPagesMax) break;
      history.delete(oldest);
    }
    return page;
  };

  return (after, limit) => {
    const from = countAfter(after);
    if (!refresh() || from < base || from > base + events.length) {
      const before = reader.dataVersion();
      return beginAt(readHistory(after, limit), before);
    }
    // Whoever reads here has caught up; who still reads history reads it again.
    history.clear();
    const page = events.slice(from - base, from - base + pageEvents(limit));
    return { events: page, next: page.at(-1)?.position ?? after, end: from + page.length === base + events.length };
  };
};
