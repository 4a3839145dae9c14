import type { Database } from 'better-sqlite3';
import { type AuditKind, type AuditSpan, spanColumns } from './audit.projection.ts';

export type AuditOrder = 'oldest-first' | 'newest-first';

/** Which spans: of one key, from one minute to another, both included, past one that was looked at. */
export type SpanFilter = {
  readonly kind: AuditKind;
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly order: AuditOrder;
  readonly past: Pick<AuditSpan, 'minute' | 'part'> | null;
};

/** Minutes in which there is something to find, a few at a time. */
export const listedSpans = (db: Database): ((filter: SpanFilter, limit: number) => readonly AuditSpan[]) => {
  const select = (direction: 'ASC' | 'DESC') =>
    db.prepare<Readonly<Record<string, string | number>>, AuditSpan>(
      `SELECT ${spanColumns} FROM audit WHERE kind = :kind AND key = :key AND minute BETWEEN :from AND :to
         AND (minute, part) ${direction === 'ASC' ? '>' : '<'} (:minute, :part)
       ORDER BY minute ${direction}, part ${direction} LIMIT :limit`,
    );
  const [oldest, newest] = [select('ASC'), select('DESC')];
  return ({ kind, key, from, to, order, past }, limit) => {
    const isForward = order === 'oldest-first';
    // No minute is before the empty text, and none behind a tilde.
    const { minute, part } = past ?? { minute: isForward ? '' : '~', part: 0 };
    return (isForward ? oldest : newest).all({ kind, key, from, to, minute, part, limit });
  };
};
