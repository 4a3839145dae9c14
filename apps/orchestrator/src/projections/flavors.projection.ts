import { type FlavorState, flavor } from '#domain';
import { aggregates } from '#events';
import type { Projection } from './projection.ts';
import { stateToText, textToState } from './state-text.ts';

/** One flavour, offered or retired. */
export type FlavorRow = {
  readonly flavor: NonNullable<FlavorState>;
  readonly definedAt: string;
  readonly retiredAt: string | null;
};

const ddl = `CREATE TABLE flavors (
  flavor_id TEXT PRIMARY KEY,
  created_at TEXT NOT NULL,
  row TEXT NOT NULL
) STRICT;
CREATE INDEX flavors_by_age ON flavors (created_at, flavor_id);`;

export const flavors: Projection<FlavorRow> = {
  name: 'flavors',
  ddl,
  category: 'flavor',
  fold: (row, recorded) => {
    const event = aggregates.flavor.codec.decode(recorded);
    const next = flavor.evolve(row?.flavor ?? null, event);
    if (next === null) return null;
    const retiredAt = event.type === 'FlavorRetired' ? recorded.recordedAt : null;
    return {
      flavor: next,
      definedAt: row?.definedAt ?? recorded.recordedAt,
      retiredAt: row?.retiredAt ?? retiredAt,
    };
  },
  open: (db, writes) => {
    const one = db.prepare<[string], string>('SELECT row FROM flavors WHERE flavor_id = ?').pluck();
    const put = writes.statement(
      `INSERT INTO flavors (flavor_id, created_at, row) VALUES (:flavorId, :createdAt, :row)
       ON CONFLICT (flavor_id) DO UPDATE SET row = :row`,
    );
    const forget = writes.statement('DELETE FROM flavors WHERE flavor_id = ?');
    return {
      load: (flavorId) => {
        const text = one.get(flavorId);
        return text === undefined ? null : textToState<FlavorRow>(text);
      },
      save: (flavorId, row) => put({ flavorId, createdAt: row.definedAt, row: stateToText(row) }),
      remove: (id) => forget(id),
    };
  },
};
