import { expect, it, onTestFinished } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import type { Observed } from '#domain';
import {
  accountId,
  caughtUp,
  freshReadModel,
  requested,
  teller,
  uuid,
  vmId,
} from '../../../../test/orchestrator/told.ts';
import { type VmFilter, vmsWanted } from './filters.ts';
import { createRows } from './rows.ts';

const all = { after: null, limit: 100 };
const refused = { type: 'VmRefused', code: 'insufficient-credit', detail: '' } as const;
const admitted = { type: 'VmAdmitted', holdId: uuid('hold') as never, deadlineAt: Date.UTC(2026, 0, 2) } as const;

const given = async () => {
  const store = createMemoryEventStore();
  const told = teller(store);
  await told.vm(vmId('new'), requested('new', 'ann'));
  await told.vm(vmId('refused'), requested('refused', 'ann'), refused);
  await told.vm(vmId('waiting'), requested('waiting', 'bob'), admitted);
  await told.vm(vmId('over'), requested('over', 'bob'), { type: 'VmTerminated', diskRemoved: false });
  const model = await freshReadModel(store);
  onTestFinished(() => model.close());
  await caughtUp(model, store);
  return model;
};

it('given VMs in every state, then each filter lists those that are like that, in order of creation', async () => {
  const { vms } = createRows((await given()).db);
  const listed = (filter: VmFilter) => vms(filter, all).rows.map(({ vm }) => vm.name);
  expect(listed({})).toEqual(['new', 'refused', 'waiting', 'over']);
  expect(listed({ gone: false })).toEqual(['new', 'waiting']);
  expect(listed({ gone: true })).toEqual(['refused', 'over']);
  expect(listed({ accountId: accountId('bob'), gone: false })).toEqual(['waiting']);
  const states: readonly Observed[] = ['awaiting-admission', 'refused', 'awaiting-placement', 'terminated', 'running'];
  expect(states.map((observed) => listed({ observed }))).toEqual([['new'], ['refused'], ['waiting'], ['over'], []]);
});

it.each<[VmFilter, string]>([
  [{ gone: false }, 'vms_living'],
  [{ observed: 'running' }, 'vms_by_observed'],
  [{ observed: 'refused' }, 'vms_by_observed'],
  [{ observed: 'terminated' }, 'vms_by_age'],
  [{ gone: true }, 'vms_by_age'],
  [{ accountId: accountId('ann'), gone: false }, 'vms_by_account'],
])('a list of %j reads by %s and sorts nothing', async (filter, index) => {
  const { db } = await given();
  const { columns, terms } = vmsWanted(filter);
  const values = Object.entries(columns).filter(([, value]) => value !== undefined);
  const where = [...values.map(([column]) => `${column} = :${column}`), ...terms]
    .map((term) => `AND ${term}`)
    .join(' ');
  const plan = db.prepare<Readonly<Record<string, unknown>>, { readonly detail: string }>(
    `EXPLAIN QUERY PLAN SELECT row FROM vms WHERE (created_at, vm_id) > (:createdAt, :id) ${where}
     ORDER BY created_at, vm_id LIMIT 10`,
  );
  const steps = plan.all({ createdAt: '', id: '', ...Object.fromEntries(values) }).map(({ detail }) => detail);
  expect(steps).toEqual([expect.stringContaining(`USING INDEX ${index} `)]);
});
