import type { Database } from 'better-sqlite3';
import { type AuditKind, type AuditSpan, spanColumns } from './audit.projection.ts';

export type AuditOrder = 'oldest-first' | 'newest-first';

/** Which minutes: of one key, from one to another, both included. */
export type SpanFilter = {
  readonly kind: AuditKind;
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly order: AuditOrder;
};

/** Minutes in which there is something to find, a few at a time. */
export const listedSpans = (db: Database): ((filter: SpanFilter, limit: number) => readonly AuditSpan[]) => {
  const select = (direction: 'ASC' | 'DESC') =>
    db.prepare<Readonly<Record<string, string | number>>, AuditSpan>(
      `SELECT ${spanColumns} FROM audit WHERE kind = :kind AND key = :key AND minute BETWEEN :from AND :to
       ORDER BY minute ${direction} LIMIT :limit`,
    );
  const [oldest, newest] = [select('ASC'), select('DESC')];
  return ({ kind, key, from, to, order }, limit) =>
    (order === 'oldest-first' ? oldest : newest).all({ kind, key, from, to, limit });
};
