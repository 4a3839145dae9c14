import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Log } from '#edge';
import type { BareEvent, Position, Sink } from '#events';
import { turnEventsMax } from './limits.ts';
import {
  createModelFile,
  finish,
  forget,
  type ModelFile,
  openModelFile,
  type ReadOnlyLog,
  readModelVersion,
} from './model-file.ts';
import type { Rows } from './rows.ts';
import type { RowsSink } from './rows-sink.ts';

/** The rows as they are shown, whichever file they are in. */
export type ReadModel = {
  readonly db: Database.Database;
  readonly file: string;
  /** Follows the file that is shown: what reads by it sees a swap at once. */
  readonly rows: Rows;
  /** What the consumer fills. */
  readonly sink: Omit<RowsSink, 'apply' | 'reached' | 'close'> & Pick<Sink<BareEvent>, 'apply'>;
  /** A new, empty file beside the one that is shown; nobody reads it until {@link ReadModel.show}. */
  beside(): ModelFile;
  /**
   * Shows another file from now on and removes the one before. `false`, and nothing changes, while that file stands
   * before an event that was already given to the sink.
   */
  show(next: ModelFile, position: Position | null): boolean;
  /** Closes the file for who reads it at once. Resolves when nothing holds it any more. */
  close(): Promise<void>;
};

export type ReadModelOptions = { readonly dir: string; readonly store: ReadOnlyLog; readonly log: Log };

/**
 * Opens the disposable read model of a store, made when it is not there. A file that is damaged, of another store, or
 * ahead of its store is deleted and rebuilt, with a warning; it holds nothing that the store does not.
 */
export const openReadModel = async ({ dir, store, log }: ReadModelOptions): Promise<ReadModel> => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = filesIn(dir, log);
  let shown = (await newestUsable(found, store, log)) ?? firstFile(dir, store);
  for (const { file } of found) if (file !== shown.file) forget(file);
  /** Events since the last commit. */
  let given = 0;
  /** Files that were shown before. */
  let closing: Promise<unknown> = Promise.resolve();

  const isBehind = (position: Position | null): boolean => {
    const reached = shown.sink.reached();
    return reached !== null && (position === null || store.comparePositions(position, reached) < 0);
  };

  return {
    get db() {
      return shown.db;
    },
    get file() {
      return shown.file;
    },
    // A proxy, so that a question somebody adds to the rows follows a swap without a line here.
    rows: new Proxy(shown.rows, { get: (_, question) => Reflect.get(shown.rows, question) }),
    sink: {
      get batchEventsMax() {
        return shown.sink.batchEventsMax;
      },
      load: () => shown.sink.load(),
      has: (stream, revision) => shown.sink.has(stream, revision),
      apply: (event) => {
        given += 1;
        shown.sink.apply(event);
        // Nothing waits while SQLite is read and events are folded: requests get their turn now and then.
        return given % turnEventsMax === 0 ? setImmediate() : undefined;
      },
      holdBack: (event) => shown.sink.holdBack(event),
      skip: (event) => shown.sink.skip(event),
      leaveOut: async (stream, skipped) => {
        // Another file may be shown while the log is read: then that one is asked, too.
        for (let asked: ModelFile | null = null; asked !== shown; ) {
          asked = shown;
          await asked.sink.leaveOut(stream, skipped);
        }
      },
      commit: async (position) => {
        const isBatch = given >= shown.sink.batchEventsMax;
        given = 0;
        const asked = shown;
        try {
          await asked.sink.commit(position);
        } catch (error) {
          // Another file is shown since, and it has what was given to this one.
          if (asked === shown) throw error;
        }
        // Nor while it is written, the longest that they wait.
        if (isBatch) await setImmediate();
      },
    },
    beside: () => createModelFile(nextTo(shown.file), store),
    show: (next, position) => {
      if (isBehind(position)) return false;
      const before = shown;
      finish(next);
      shown = next;
      closing = Promise.all([closing, before.close().then(() => forget(before.file))]);
      return true;
    },
    close: async () => {
      await Promise.all([closing, shown.close()]);
    },
  };
};

type Found = { readonly file: string; readonly rebuild: number };

const NAME = /^read-model-v(\d+)(?:-r(\d+))?\.sqlite$/;

const firstFile = (dir: string, log: ReadOnlyLog): ModelFile => {
  const model = createModelFile(join(dir, `read-model-v${readModelVersion}.sqlite`), log);
  finish(model);
  return model;
};

/** Rebuilt files are counted, because an open database cannot be renamed. */
const nextTo = (file: string): string => {
  const [, , rebuild = '0'] = NAME.exec(file.slice(file.lastIndexOf('read-model-'))) ?? [];
  return file.replace(/(-r\d+)?\.sqlite$/, `-r${Number(rebuild) + 1}.sqlite`);
};

/** Files of this version, the last rebuilt first. Those of other versions are deleted: nobody here can read their rows. */
const filesIn = (dir: string, log: Log): readonly Found[] => {
  const ours: Found[] = [];
  for (const name of readdirSync(dir)) {
    const [, version, rebuild = '0'] = NAME.exec(name) ?? [];
    if (version === undefined) continue;
    const file = join(dir, name);
    if (Number(version) === readModelVersion) ours.push({ file, rebuild: Number(rebuild) });
    else {
      log('info', 'read model of another version deleted', { file });
      forget(file);
    }
  }
  return ours.sort((a, b) => b.rebuild - a.rebuild);
};

const newestUsable = async (found: readonly Found[], store: ReadOnlyLog, log: Log): Promise<ModelFile | null> => {
  for (const { file } of found) {
    try {
      const model = await openModelFile(file, store);
      if (model !== null) return model;
      log('info', 'unfinished rebuild of the read model deleted', { file });
    } catch (error) {
      if (isPlaceFault(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      log('warn', 'read model cannot be used: deleted, and rebuilt from the store', { file, reason });
    }
    forget(file);
  }
  return null;
};

/** A fault of the place, which a new file there would meet again. */
const isPlaceFault = (error: unknown): boolean =>
  error instanceof Database.SqliteError && /^SQLITE_(FULL|CANTOPEN|IOERR|READONLY|BUSY|PERM)/.test(error.code);
