import { type Vm, type VmEvent, vm } from '#domain';
import { aggregates } from '#events';
import type { Projection } from './projection.ts';
import { textToVm, vmToText } from './vm-text.ts';

/** One VM: its own rules' state, and when it was asked for and last heard of. */
export type VmRow = {
  readonly vm: Vm;
  readonly requestedAt: string;
  /** When somebody last said something about what is, not about what is wanted. */
  readonly observedAt: string;
  readonly revision: string;
};

// Nearly all that a history holds is terminated: the lists of those go by age, and what lives has indexes of its own.
const ddl = `CREATE TABLE vms (
  vm_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  row TEXT NOT NULL,
  observed TEXT NOT NULL,
  miner_id TEXT,
  flavor_id TEXT NOT NULL,
  name TEXT NOT NULL,
  gone INTEGER NOT NULL
) STRICT;
CREATE INDEX vms_by_age ON vms (created_at, vm_id);
CREATE INDEX vms_by_observed ON vms (observed, created_at, vm_id) WHERE observed <> 'terminated';
CREATE INDEX vms_by_miner ON vms (miner_id, created_at, vm_id);
CREATE INDEX vms_living ON vms (created_at, vm_id) WHERE gone = 0;
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
  open: (db, writes) => {
    const one = db.prepare<[string], string>('SELECT row FROM vms WHERE vm_id = ?').pluck();
    const put = writes.statement(
      `INSERT INTO vms (vm_id, account_id, created_at, row, observed, miner_id, flavor_id, name, gone)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (vm_id) DO UPDATE SET row = excluded.row, observed = excluded.observed,
         miner_id = excluded.miner_id, flavor_id = excluded.flavor_id, gone = excluded.gone`,
    );
    const forget = writes.statement('DELETE FROM vms WHERE vm_id = ?');
    return {
      load: (vmId) => {
        const text = one.get(vmId);
        return text === undefined ? null : textToVm(text);
      },
      save: (vmId, row) => {
        const { accountId, observed, placement, flavorId, name } = row.vm;
        const gone = Number(observed === 'terminated' || observed === 'refused');
        const minerId = placement?.minerId ?? null;
        put(vmId, accountId, row.requestedAt, vmToText(row), observed, minerId, flavorId, name, gone);
      },
      remove: (id) => forget(id),
    };
  },
};

/** Whether a miner said it: such events carry the report's place. */
const isReport = (event: VmEvent): boolean => 'agentEpoch' in event && 'sequence' in event;
