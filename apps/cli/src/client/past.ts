import { z } from 'zod';
import { backupsView } from './backups.ts';
import { part } from './calls.ts';
import type { Http } from './http.ts';
import { reputationView, slashingView } from './trust.ts';
import { accountView, minerView, sshKeyView, stale, vmView } from './views.ts';

const text = z.string().max(8_000);
const time = z.string().max(40);

export const asOf = z.looseObject({ at: text, position: text, revision: z.string().max(20), recordedAt: time });
export type AsOf = z.infer<typeof asOf>;

const moment = z.looseObject({ at: text, position: text });
const change = { path: text, from: z.json(), to: z.json() };
const vmDiff = z.looseObject({
  from: moment,
  to: moment,
  changes: z.array(z.looseObject({ ...change, by: z.array(text) })),
  events: z.array(
    z.looseObject({
      eventId: text,
      type: text,
      revision: z.string().max(20),
      recordedAt: time,
      actor: text,
      changes: z.array(z.looseObject(change)),
    }),
  ),
  eventsLeftOut: z.number(),
  stale,
});
export type VmDiff = z.infer<typeof vmDiff>;

const readModel = z.looseObject({
  file: text,
  position: text.nullable(),
  projections: z.array(z.looseObject({ name: text, category: text.nullable(), rows: z.number() })),
});
export type ReadModelView = z.infer<typeof readModel>;

const rebuild = z.looseObject({
  rebuildId: text,
  dryRun: z.boolean(),
  by: text,
  state: z.enum(['reading', 'comparing', 'shown', 'compared', 'cancelled', 'failed']),
  code: text.nullable(),
  detail: text.nullable(),
  startedAt: time,
  endedAt: time.nullable(),
  events: z.number(),
  eventsTotal: z.number(),
  eventsPerSecond: z.number(),
  etaMs: z.number().nullable(),
  errors: z.number(),
  firstErrors: z.array(z.looseObject({ stream: text, revision: z.string().max(20), eventType: text, reason: text })),
  differences: z
    .looseObject({
      rows: z.number(),
      different: z.number(),
      first: z.array(z.looseObject({ table: text, key: text, what: text })),
    })
    .nullable(),
});
export type RebuildView = z.infer<typeof rebuild>;

const at = encodeURIComponent;

/** What was, and the rows that show what is. */
export const pastRoutes = (http: Http) => ({
  vmAt: (id: string, moment: string) =>
    http.ask(`/v1/vms/${at(id)}`, vmView.extend({ asOf }), { query: { at: moment } }),
  minerAt: (id: string, moment: string) =>
    http.ask(`/v1/miners/${at(id)}`, minerView.extend({ asOf }), { query: { at: moment } }),
  accountAt: (id: string, moment: string) =>
    http.ask(`/v1/accounts/${at(id)}`, accountView.extend({ asOf }), { query: { at: moment } }),
  keysAt: (id: string, moment: string) =>
    http.ask(`/v1/accounts/${at(id)}/ssh-keys`, part(sshKeyView).extend({ asOf }), { query: { at: moment } }),
  backupsAt: (id: string, moment: string) =>
    http.ask(`/v1/vms/${at(id)}/backups`, backupsView.extend({ asOf }), { query: { at: moment } }),
  slashingsAt: (id: string, moment: string) =>
    http.ask(`/v1/miners/${at(id)}/slashing`, part(slashingView).extend({ asOf }), { query: { at: moment } }),
  reputationAt: (id: string, moment: string) =>
    http.ask(`/v1/miners/${at(id)}/reputation`, reputationView.extend({ asOf }), { query: { at: moment } }),
  vmDiff: (id: string, from: string, to: string | undefined): Promise<VmDiff> =>
    http.ask(`/v1/vms/${at(id)}/diff`, vmDiff, { query: { from, to } }),
  projections: (): Promise<ReadModelView> => http.ask('/v1/projections', readModel),
  rebuild: (): Promise<RebuildView> => http.ask('/v1/projections/rebuild', rebuild),
  startRebuild: (dryRun: boolean): Promise<RebuildView> =>
    http.ask('/v1/projections/rebuild', rebuild, { method: 'POST', body: { dryRun } }),
  cancelRebuild: (): Promise<RebuildView> => http.ask('/v1/projections/rebuild', rebuild, { method: 'DELETE' }),
});
