import type { Database } from 'better-sqlite3';
import {
  type Category,
  categories,
  categoryOf,
  type EventStore,
  idOf,
  type Position,
  type RecordedEvent,
  type Sink,
  type StreamName,
} from '#events';
import { commitEventsMax } from './limits.ts';
import type { Projection } from './projection.ts';
import type { StreamRow } from './streams.projection.ts';

/** A sink whose work is done when it returns: SQLite answers at once. */
export type RowsSink = Omit<Sink, 'batchEventsMax' | 'apply' | 'skip' | 'has' | 'commit'> & {
  readonly batchEventsMax: number;
  apply(event: RecordedEvent): void;
  /** Goes past an event that somebody decided to do without: it counts in its stream, and nothing of its content is kept. */
  skip(event: RecordedEvent): void;
  /** Whether an event of a stream is folded, or was gone past. */
  has(stream: StreamName, revision: bigint): boolean;
  commit(position: Position): void;
};

/**
 * Folds events into the rows of one file. Between commits the changed rows are in memory only; a commit writes them and
 * the checkpoint in one transaction, so a crash shows either a page whole or not at all. A repeated event does nothing.
 */
export const createRowsSink = (
  db: Database,
  streams: Projection<StreamRow>,
  projections: readonly Foldable[],
  store: Pick<EventStore, 'parsePosition' | 'comparePositions'>,
): RowsSink => {
  const counted = createPage(streams, db);
  const pages = projections.map(({ category, openPage }) => ({ category, page: openPage(db, store) }));
  const pagesOf = new Map(
    categories.map((name) => [
      name,
      pages.filter(({ category }) => category === null || category === name).map(({ page }) => page),
    ]),
  );
  const load = db.prepare<[], string | null>('SELECT position FROM checkpoint WHERE id = 1').pluck();
  const save = db.prepare('UPDATE checkpoint SET position = ? WHERE id = 1');

  const write = db.transaction((position: Position) => {
    counted.write();
    for (const { page } of pages) page.write();
    save.run(position);
  });

  const endPage = (isWritten: boolean): void => {
    counted.clear(isWritten);
    for (const { page } of pages) page.clear(isWritten);
  };

  const foldedOf = (stream: StreamName): number => counted.row(stream)?.events ?? 0;

  const isFolded = ({ stream, revision }: RecordedEvent): boolean => {
    const folded = foldedOf(stream);
    if (revision > folded) {
      throw new Error(`read model has ${folded} events of ${stream} and was given revision ${revision}`);
    }
    return revision < folded;
  };

  return {
    batchEventsMax: commitEventsMax,
    load: async () => {
      endPage(false);
      const text = load.get() ?? null;
      return text === null ? null : store.parsePosition(text);
    },
    apply: (recorded) => {
      if (isFolded(recorded)) return;
      const id = idOf(recorded.stream);
      // All of them fold before any of them keeps the result: an event counts whole or not at all.
      const kept = (pagesOf.get(categoryOf(recorded.stream)) ?? []).map((page) => page.fold(id, recorded));
      kept.push(counted.fold(recorded.stream, recorded));
      for (const keep of kept) keep();
    },
    skip: (recorded) => {
      if (isFolded(recorded)) return;
      // What reads all streams decodes none of them: it shows that there was such an event, and by whom.
      for (const { category, page } of pages) if (category === null) page.fold(idOf(recorded.stream), recorded)();
      counted.fold(recorded.stream, recorded)();
    },
    has: (stream, revision) => revision < foldedOf(stream),
    commit: (position) => {
      try {
        write.immediate(position);
      } catch (error) {
        // The consumer reads the page again, and must find the rows as they are on disk.
        endPage(false);
        throw error;
      }
      endPage(true);
    },
  };
};

/** A projection whose kind of row only it knows. */
export type Foldable = {
  readonly name: string;
  readonly ddl: string;
  readonly category: Category | null;
  readonly openPage: (db: Database, order: PositionOrder) => Page;
};

/** How positions of the log follow each other. */
export type PositionOrder = Pick<EventStore, 'comparePositions'>;

export const foldable = <Row>(projection: Projection<Row>): Foldable => ({
  name: projection.name,
  ddl: projection.ddl,
  category: projection.category,
  openPage: (db) => createPage(projection, db),
});

export type Page = {
  /** The row after one more event; the returned function keeps it. */
  fold(key: string, recorded: RecordedEvent): () => void;
  write(): void;
  /** The page is over; `isWritten` when what it held is on disk now. */
  clear(isWritten: boolean): void;
};

/** The rows one projection has touched since the last commit. */
const createPage = <Row>(projection: Projection<Row>, db: Database): Page & { row(key: string): Row | null } => {
  const table = projection.open(db);
  let touched = new Map<string, Row>();
  /** Rows of the page before, as they are on disk: a busy account is in every page, and its row is long. */
  let written: ReadonlyMap<string, Row> = new Map();
  const row = (key: string): Row | null => {
    return touched.get(key) ?? written.get(key) ?? table.load(key);
  };
  return {
    row,
    fold: (key: string, recorded: RecordedEvent): (() => void) => {
      // What comes here is not folded yet, so before the first event of a stream there is no row to look for.
      const next = projection.fold(recorded.revision === 0n ? null : row(key), recorded);
      return () => {
        if (next !== null) touched.set(key, next);
      };
    },
    write: (): void => {
      for (const [key, next] of touched) table.save(key, next);
    },
    clear: (isWritten): void => {
      written = isWritten ? touched : new Map();
      touched = new Map();
    },
  };
};

export const projectionsDdl = (projections: readonly { readonly ddl: string }[]): string =>
  projections.map(({ ddl }) => ddl).join('\n');
