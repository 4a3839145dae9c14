import type { Database } from 'better-sqlite3';
import { type ParkedRow, type ParkedStatus, parkedId } from './parked.projection.ts';
import { type List, type ListOptions, pageOf, startOf } from './rows.ts';
import { textToState } from './state-text.ts';

export type ParkedFilter = { readonly consumer: string | null; readonly status: ParkedStatus };

type Found = { readonly createdAt: string; readonly id: string; readonly row: string };

/** Parked or skipped events, oldest first, of one consumer or of all. */
export const listedParked = (db: Database): ((filter: ParkedFilter, options: ListOptions) => List<ParkedRow>) => {
  const select = (where: string) =>
    db.prepare<Readonly<Record<string, string | number | null>>, Found>(
      `SELECT created_at AS createdAt, parked_id AS id, row FROM parked
       WHERE status = :status AND (created_at, parked_id) > (:createdAt, :id) ${where}
       ORDER BY created_at, parked_id LIMIT :limit`,
    );
  const [all, some] = [select(''), select('AND consumer = :consumer')];
  return ({ consumer, status }, options) => {
    const wanted = { ...startOf(options), status };
    return pageOf(
      consumer === null ? all.all(wanted) : some.all({ ...wanted, consumer }),
      options,
      ({ createdAt, id }) => [createdAt, id],
      ({ row }) => textToState<ParkedRow>(row),
    );
  };
};

/** One event of one consumer; `null` when it is neither parked nor skipped there. */
export const oneParked = (db: Database): ((consumer: string, eventId: string) => ParkedRow | null) => {
  const one = db.prepare<[string], string>('SELECT row FROM parked WHERE parked_id = ?').pluck();
  return (consumer, eventId) => {
    const text = one.get(parkedId(consumer, eventId));
    return text === undefined ? null : textToState<ParkedRow>(text);
  };
};
