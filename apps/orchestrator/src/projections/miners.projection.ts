import { eligibilityOf, type Miner, miner } from '#domain';
import { aggregates } from '#events';
import { minerStatusOf } from './miner-status.ts';
import type { Projection } from './projection.ts';
import { stateToText, textToState } from './state-text.ts';

/** One miner: its own rules' state with its allocations, and when it was invited, last attached and last checked. */
export type MinerRow = {
  readonly miner: Miner;
  readonly invitedAt: string;
  readonly attachedAt: string | null;
  /** When a check's status last changed. */
  readonly checkedAt: string | null;
};

const ddl = `CREATE TABLE miners (
  miner_id TEXT PRIMARY KEY,
  created_at TEXT NOT NULL,
  row TEXT NOT NULL,
  status TEXT NOT NULL,
  eligible INTEGER NOT NULL,
  name TEXT NOT NULL
) STRICT;
CREATE INDEX miners_by_age ON miners (created_at, miner_id);`;

/** What is over is remembered for repeated commands; nobody is shown it. */
const none = new Map();

export const miners: Projection<MinerRow> = {
  name: 'miners',
  ddl,
  category: 'miner',
  fold: (row, recorded) => {
    const event = aggregates.miner.codec.decode(recorded);
    const next = miner.evolve(row?.miner ?? null, event);
    if (next === null) return null;
    return {
      miner: { ...next, settled: none },
      invitedAt: row?.invitedAt ?? recorded.recordedAt,
      attachedAt: event.type === 'MinerAttached' ? recorded.recordedAt : (row?.attachedAt ?? null),
      checkedAt: event.type === 'HostChecked' ? recorded.recordedAt : (row?.checkedAt ?? null),
    };
  },
  open: (db, writes) => {
    const one = db.prepare<[string], string>('SELECT row FROM miners WHERE miner_id = ?').pluck();
    const put = writes.statement(
      `INSERT INTO miners (miner_id, created_at, row, status, eligible, name)
       VALUES (:minerId, :createdAt, :row, :status, :eligible, :name)
       ON CONFLICT (miner_id) DO UPDATE SET row = :row, status = :status, eligible = :eligible, name = :name`,
    );
    const forget = writes.statement('DELETE FROM miners WHERE miner_id = ?');
    return {
      load: (minerId) => {
        const text = one.get(minerId);
        return text === undefined ? null : textToState<MinerRow>(text);
      },
      save: (minerId, row) =>
        put({
          ...{ minerId, createdAt: row.invitedAt, row: stateToText(row), name: row.miner.name },
          ...{ status: minerStatusOf(row.miner), eligible: Number(eligibilityOf(row.miner).eligible) },
        }),
      remove: (id) => forget(id),
    };
  },
};
