import { setImmediate } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import {
  createLogVerifier,
  createPositions,
  type LogVerdict,
  linkHash,
  readPageEventsMax,
  type SignedHead,
} from '#events';
import { damagedCheckpoints } from './checkpoint-table.ts';
import { asStoreFault } from './faults.ts';
import { beforeTheLog, movedFrom } from './moved-row.ts';
import { openForReading } from './open-database.ts';
import { type EventRow, eventColumns, streamOf, toAdmitted } from './rows.ts';
import { markEveryEvents } from './schema.ts';

export type LogReport = LogVerdict & {
  /** `ok`, or what is wrong with the file beside its events. */
  readonly integrity: string;
};

export type VerifyOptions = {
  readonly file: string;
  /** Oldest first, their signatures checked; without them a removed tail or stream is not seen. */
  readonly heads?: AsyncIterator<SignedHead>;
  /** Told after every page how many events are done, of how many. */
  readonly progress?: (events: number, of: number) => void;
};

/**
 * Hashes every stored event of a file again, follows every stream's chain up to the first fault, holds the log against
 * its signed heads, and each checkpoint against its digest. Opens the file for reading only, beside a running cluster too. Throws StoreUnavailable for a
 * file that cannot be read as a store at all.
 */
export const verifySqliteLog = async ({ file, heads, progress }: VerifyOptions): Promise<LogReport> => {
  const { db, storeId } = openForReading(file);
  try {
    const integrity = db.prepare<[], string>('PRAGMA integrity_check(20)').pluck().all().join('; ');
    const positions = createPositions(storeId);
    const verifier = createLogVerifier(storeId, heads ?? null);
    const marks = createMarks(db);
    const page = db.prepare<[number, number], EventRow>(
      `SELECT ${eventColumns} FROM events WHERE position > ? ORDER BY position LIMIT ?`,
    );
    const head = db.prepare<[], number | null>('SELECT max(position) FROM events').pluck().get() ?? 0;
    const moved = beforeTheLog(db);
    if (moved !== null) verifier.found(moved);
    let last = 0;
    for (let going = moved === null; going && last < head; ) {
      for (const row of page.all(last, readPageEventsMax)) {
        const { position, eventId, prevHash, hash } = row;
        const [stream, revision] = [streamOf(row), BigInt(row.revision)];
        if (position !== last + 1) {
          verifier.found(movedFrom(db, last + 1) ?? { stream, revision, eventId, fault: 'position' });
        }
        const computed = linkHash(toAdmitted(row), stream, revision, prevHash);
        going =
          position === last + 1 &&
          (await verifier.take({
            ...{ stream, revision, eventId, prevHash, hash, computed },
            position: positions.of(position),
          }));
        if (!going) break;
        marks.take(row);
        last = position;
      }
      progress?.(last, head);
      await setImmediate();
    }
    const verdict = await verifier.end();
    const wrong = [...(integrity === 'ok' ? [] : [integrity]), ...marks.wrong(), ...damagedCheckpoints(db)];
    return { ...verdict, integrity: wrong.length === 0 ? 'ok' : wrong.join('; ') };
  } catch (error) {
    throw asStoreFault(file, error);
  } finally {
    db.close();
  }
};

/** The marks of time beside the events, computed again. They answer questions about instants. */
const createMarks = (db: Database.Database) => {
  const has = db.prepare<[], number>("SELECT count(*) FROM sqlite_schema WHERE name = 'time_marks'").pluck();
  // A file that no newer build has written to yet has none, and needs none to be read.
  if (has.get() === 0) return { take: () => undefined, wrong: () => [] };
  const mark = db.prepare<[number], string>('SELECT latest FROM time_marks WHERE position = ?').pluck();
  const wrong: string[] = [];
  let latest = '';
  return {
    take: ({ position, recordedAt }: EventRow): void => {
      if (recordedAt > latest) latest = recordedAt;
      if (position % markEveryEvents !== 0 || wrong.length > 0) return;
      const found = mark.get(position);
      if (found !== latest) wrong.push(`time mark at ${position} is ${found ?? 'missing'}, wanted ${latest}`);
    },
    wrong: () => wrong,
  };
};
