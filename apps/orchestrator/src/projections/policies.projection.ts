import { type PolicyEvent, policy } from '#domain';
import { aggregates } from '#events';
import type { Projection } from './projection.ts';
import { stateToText, textToState } from './state-text.ts';

/** The newest version of one policy, without its document: each version's own event has that. */
export type PolicyRow = {
  readonly policy: Omit<PolicyEvent, 'type' | 'document'>;
  readonly publishedAt: string;
  readonly firstPublishedAt: string;
};

const ddl = `CREATE TABLE policies (
  name TEXT PRIMARY KEY,
  created_at TEXT NOT NULL,
  row TEXT NOT NULL
) STRICT;
CREATE INDEX policies_by_age ON policies (created_at, name);`;

export const policies: Projection<PolicyRow> = {
  name: 'policies',
  ddl,
  category: 'policy',
  fold: (row, recorded) => {
    const next = policy.evolve(null, aggregates.policy.codec.decode(recorded));
    if (next === null) return row;
    const { document: _, ...published } = next;
    return {
      policy: published,
      publishedAt: recorded.recordedAt,
      firstPublishedAt: row?.firstPublishedAt ?? recorded.recordedAt,
    };
  },
  open: (db, writes) => {
    const one = db.prepare<[string], string>('SELECT row FROM policies WHERE name = ?').pluck();
    const put = writes.statement(
      `INSERT INTO policies (name, created_at, row) VALUES (:name, :createdAt, :row)
       ON CONFLICT (name) DO UPDATE SET row = :row`,
    );
    const forget = writes.statement('DELETE FROM policies WHERE name = ?');
    return {
      load: (name) => {
        const text = one.get(name);
        return text === undefined ? null : textToState<PolicyRow>(text);
      },
      save: (name, row) => put({ name, createdAt: row.firstPublishedAt, row: stateToText(row) }),
      remove: (id) => forget(id),
    };
  },
};
