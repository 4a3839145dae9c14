import { hash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { StoreUnavailable } from '#events';
import { checkpointDigests } from './schema.ts';

/** Events a consumer is done with, as a count from the beginning of the log; `null` at its beginning. */
type Count = number | null;

/** `digest` is what the file says, so anything; `null` of a row that an older build wrote. */
type Row = { readonly consumer: string; readonly position: Count; readonly digest: unknown };

/** Unlike events, a checkpoint is replaced, so no chain of hashes holds it: its row has a digest of its own. */
const digestOf = (consumer: string, position: Count, eventHash: string): Buffer =>
  hash('sha256', JSON.stringify([consumer, position, eventHash]), 'buffer');

/** Of a checkpoint at the beginning, or ahead of the log: there is no event. */
const noEvent = '';

const hashesOf = (db: Database.Database): ((position: Count) => string) => {
  const find = db.prepare<[Count], string>('SELECT hash FROM events WHERE position = ?').pluck();
  return (position) => (position === null ? noEvent : (find.get(position) ?? noEvent));
};

/** Saves inside the open transaction. */
export const createCheckpointSaver = (db: Database.Database): ((consumer: string, position: Count) => void) => {
  const hashAt = hashesOf(db);
  const save = db.prepare<[string, Count, Buffer]>(
    `INSERT INTO checkpoints (consumer, position, digest) VALUES (?, ?, ?)
      ON CONFLICT (consumer) DO UPDATE SET position = excluded.position, digest = excluded.digest`,
  );
  return (consumer, position) => {
    save.run(consumer, position, digestOf(consumer, position, hashAt(position)));
  };
};

const isAsSaved = ({ consumer, position, digest }: Row, eventHash: string): boolean =>
  digest === null ||
  (Buffer.isBuffer(digest) &&
    // Saved ahead of the log, it had no event's hash, and the log may have grown up to there since.
    (digest.equals(digestOf(consumer, position, eventHash)) || digest.equals(digestOf(consumer, position, noEvent))));

/**
 * How far a consumer had come, in a file that {@link guardCheckpoints} has seen; `undefined` when it never saved. Throws
 * StoreUnavailable (`corrupt`) when that is not what was saved: from there on it would skip events for good.
 */
export const loadCheckpoint = (file: string, db: Database.Database, consumer: string): Count | undefined => {
  const row = db
    .prepare<[string], Row>('SELECT consumer, position, digest FROM checkpoints WHERE consumer = ?')
    .get(consumer);
  if (row === undefined || isAsSaved(row, hashesOf(db)(row.position))) return row?.position;
  throw new StoreUnavailable('corrupt', `event store ${file}: ${damageOf(row)}`);
};

/** Every damaged checkpoint in words. A file of an older build has nothing to tell one by. */
export const damagedCheckpoints = (db: Database.Database): readonly string[] => {
  if (!hasDigests(db)) return [];
  const rows = db.prepare<[], Row>('SELECT consumer, position, digest FROM checkpoints ORDER BY consumer').all();
  const hashAt = hashesOf(db);
  return rows.filter((row) => !isAsSaved(row, hashAt(row.position))).map(damageOf);
};

/** Beside a backup there is another way: a consumer may begin anew, because what it repeats changes nothing. */
const damageOf = ({ consumer, position }: Row): string =>
  `the checkpoint of ${consumer} (${position === null ? 'the beginning' : `event ${position}`}) is not what was saved; ` +
  'restore the file from a backup, or start once with HCC_RECONCILE=1, which lets the consumer begin at the beginning';

/**
 * Gives each checkpoint its digest. One without, which an older build wrote, is taken as it is: there is nothing yet to
 * tell damage by.
 */
export const guardCheckpoints = (db: Database.Database): void => {
  if (hasDigests(db) && bareRows(db).length === 0) return;
  db.transaction(() => {
    if (!hasDigests(db)) db.exec(checkpointDigests);
    const save = createCheckpointSaver(db);
    for (const { consumer, position } of bareRows(db)) save(consumer, position);
  }).immediate();
};

const bareRows = (db: Database.Database): readonly Row[] =>
  db.prepare<[], Row>('SELECT consumer, position, digest FROM checkpoints WHERE digest IS NULL').all();

/** By the trigger that comes with them: where it is and the column is not, the file is damaged and reading it says so. */
const hasDigests = (db: Database.Database): boolean =>
  db
    .prepare<[], number>("SELECT count(*) FROM sqlite_schema WHERE name = 'checkpoints_of_older_builds'")
    .pluck()
    .get() !== 0;
