import type { Database, Statement } from 'better-sqlite3';
import type { AuditRow } from './audit.projection.ts';
import { listRowsMax } from './limits.ts';
import { type Cursor, type List, type ListOptions, pageOf } from './rows.ts';

export type AuditFilter = {
  /** Whose streams; `null` for all streams there are. */
  readonly accountId: string | null;
  readonly actor: string | null;
  readonly type: string | null;
  /** Stored form of an instant, both ends included. */
  readonly since: string | null;
  readonly until: string | null;
  readonly order: 'oldest-first' | 'newest-first';
};

type Given = Readonly<Record<string, string | number>>;

/** Actions in the order of time. Each question goes by one index, so a page costs what it shows and not what there is. */
export const listedAudit = (db: Database): ((filter: AuditFilter, options: ListOptions) => List<AuditRow>) => {
  const statements = new Map<string, Statement<Given, AuditRow>>();
  const statement = (sql: string): Statement<Given, AuditRow> => {
    const prepared = statements.get(sql) ?? db.prepare<Given, AuditRow>(sql);
    statements.set(sql, prepared);
    return prepared;
  };
  return (filter, { after, limit }) => {
    const { sql, given } = questionOf(filter, after);
    const rows = statement(sql).all({ ...given, limit: Math.min(limit, listRowsMax) + 1 });
    return pageOf(rows, { after, limit }, cursorOf, (row) => row);
  };
};

const questionOf = (filter: AuditFilter, after: Cursor | null) => {
  const { accountId, actor, type, since, until, order } = filter;
  const [beyond, direction] = order === 'oldest-first' ? (['>', 'ASC'] as const) : (['<', 'DESC'] as const);
  const index = accountId !== null ? 'account' : actor !== null ? 'actor' : type !== null ? 'type' : null;
  const place = after === null ? null : placeOf(after);
  const parts = [
    part(accountId, 'account_id = :accountId', { accountId }),
    part(actor, 'actor = :actor', { actor }),
    part(type, 'type = :type', { type }),
    part(since, 'recorded_at >= :since', { since }),
    part(until, 'recorded_at <= :until', { until }),
    part(place, `(recorded_at, stream, revision) ${beyond} (:at, :stream, :revision)`, { ...place }),
  ].filter((each) => each !== null);
  const where = parts.length === 0 ? '' : `WHERE ${parts.map(({ sql }) => sql).join(' AND ')}`;
  const sql = `SELECT recorded_at AS recordedAt, stream, revision, actor, type, event_id AS eventId,
      correlation_id AS correlationId, position
    FROM audit ${index === null ? '' : `INDEXED BY audit_by_${index}`} ${where}
    ORDER BY recorded_at ${direction}, stream ${direction}, revision ${direction} LIMIT :limit`;
  return { sql, given: Object.assign({}, ...parts.map((each) => each.given)) as Given };
};

const part = (value: unknown, sql: string, given: Readonly<Record<string, string | number | null>>) =>
  value === null ? null : { sql, given };

/** A row's place, as the lists' cursors have it. */
const cursorOf = ({ recordedAt, stream, revision }: AuditRow): Cursor => [recordedAt, `${stream}-${revision}`];

const placeOf = ([at, id]: Cursor) => {
  const end = id.lastIndexOf('-');
  return { at, stream: id.slice(0, end), revision: Number(id.slice(end + 1)) };
};
