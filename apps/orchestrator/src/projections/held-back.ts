import type { Database } from 'better-sqlite3';
import type { BareEvent, StreamName } from '#events';
import type { RowWrites } from './row-writes.ts';
import { requesterOf, type StreamCount } from './streams.projection.ts';

/** A stream that is held back: how many of its events the audit has, and whose it is. */
type HeldBack = { audited: number; accountId: string | null };

export const heldBackDdl = `CREATE TABLE held_back (
  stream TEXT PRIMARY KEY,
  audited INTEGER NOT NULL,
  account_id TEXT
) STRICT, WITHOUT ROWID;`;

/** Streams of which the audit has more than the rows, because an event of theirs cannot be folded. In memory: few are. */
export type HeldBackStreams = {
  /**
   * Takes an event that is not folded, and says whose stream it is; `null` when it was taken before. `count`: how far the
   * stream is folded.
   */
  take(recorded: BareEvent, count: StreamCount): Pick<HeldBack, 'accountId'> | null;
  /** Whether an event that is folded now was taken before. With the last of a stream the stream is held back no more. */
  letGo(recorded: BareEvent): boolean;
  write(): void;
  /** As it is on disk. */
  load(): void;
};

/** The streams held back in a file of rows. */
export const openHeldBack = (db: Database, writes: RowWrites): HeldBackStreams => {
  const all = db.prepare<[], HeldBack & { readonly stream: StreamName }>(
    'SELECT stream, audited, account_id AS accountId FROM held_back',
  );
  const put = writes.statement('INSERT OR REPLACE INTO held_back (stream, audited, account_id) VALUES (?, ?, ?)');
  const remove = writes.statement('DELETE FROM held_back WHERE stream = ?');
  const streams = new Map<StreamName, HeldBack>();
  const changed = new Set<StreamName>();
  return {
    load: () => {
      streams.clear();
      changed.clear();
      for (const { stream, ...held } of all.all()) streams.set(stream, held);
    },
    take: (recorded, count) => {
      const { stream, revision } = recorded;
      const held = streams.get(stream) ?? { audited: count.events, accountId: count.accountId };
      if (revision < held.audited) return null;
      held.audited = Number(revision) + 1;
      held.accountId ??= requesterOf(recorded);
      streams.set(stream, held);
      changed.add(stream);
      return held;
    },
    letGo: ({ stream, revision }) => {
      // Nearly always nothing is held back, and every event there is goes through here.
      const held = streams.size === 0 ? undefined : streams.get(stream);
      if (held === undefined) return false;
      if (revision + 1n >= held.audited) {
        streams.delete(stream);
        changed.add(stream);
      }
      return revision < held.audited;
    },
    write: () => {
      for (const stream of changed) {
        const held = streams.get(stream);
        if (held === undefined) remove(stream);
        else put(stream, held.audited, held.accountId);
      }
      changed.clear();
    },
  };
};
