import { type Vm, type VmEvent, vm } from '#domain';
import { aggregates } from '#events';
import type { Projection } from './projection.ts';
import { stateToText, textToState } from './state-text.ts';

/** One VM: its own rules' state, and when it was asked for and last heard of. */
export type VmRow = {
  readonly vm: Vm;
  readonly requestedAt: string;
  /** When somebody last said something about what is, not about what is wanted. */
  readonly observedAt: string;
  readonly revision: string;
};

const ddl = `CREATE TABLE vms (
  vm_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  row TEXT NOT NULL,
  observed TEXT AS (row ->> '$.vm.observed'),
  miner_id TEXT AS (row ->> '$.vm.placement.minerId'),
  flavor_id TEXT AS (row ->> '$.vm.flavorId'),
  name TEXT AS (row ->> '$.vm.name'),
  gone INTEGER AS (row ->> '$.vm.observed' IN ('terminated', 'refused'))
) STRICT;
CREATE INDEX vms_by_age ON vms (created_at, vm_id);
CREATE INDEX vms_by_observed ON vms (observed, created_at, vm_id);
CREATE INDEX vms_by_miner ON vms (miner_id, created_at, vm_id);
CREATE INDEX vms_by_gone ON vms (gone, created_at, vm_id);
CREATE INDEX vms_by_name ON vms (name, created_at, vm_id);
CREATE INDEX vms_by_account ON vms (account_id, created_at, vm_id);`;

export const vms: Projection<VmRow> = {
  name: 'vms',
  ddl,
  category: 'vm',
  fold: (row, recorded) => {
    const event = aggregates.vm.codec.decode(recorded);
    const next = vm.evolve(row?.vm ?? null, event);
    if (next === null) return null;
    const { recordedAt, revision } = recorded;
    const heard = row === null || next.observed !== row.vm.observed || isReport(event);
    return {
      vm: next,
      requestedAt: row?.requestedAt ?? recordedAt,
      observedAt: heard ? recordedAt : row.observedAt,
      revision: revision.toString(),
    };
  },
  open: (db) => {
    const one = db.prepare<[string], string>('SELECT row FROM vms WHERE vm_id = ?').pluck();
    const put = db.prepare(
      `INSERT INTO vms (vm_id, account_id, created_at, row) VALUES (:vmId, :accountId, :createdAt, :row)
       ON CONFLICT (vm_id) DO UPDATE SET row = :row`,
    );
    return {
      load: (vmId) => {
        const text = one.get(vmId);
        return text === undefined ? null : textToState<VmRow>(text);
      },
      save: (vmId, row) =>
        put.run({ vmId, accountId: row.vm.accountId, createdAt: row.requestedAt, row: stateToText(row) }),
    };
  },
};

/** Whether a miner said it: such events carry the report's place. */
const isReport = (event: VmEvent): boolean => 'agentEpoch' in event && 'sequence' in event;
