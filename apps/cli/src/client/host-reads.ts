import { z } from 'zod';
import type { Http } from './http.ts';
import { asOf } from './past.ts';
import { stale } from './views.ts';

// What a miner says of its VMs and of itself: read through the API, vouched for by nobody else.

const consoleView = z.looseObject({ text: z.string(), start: z.number(), end: z.number() });
export type ConsoleView = z.infer<typeof consoleView>;

const usage = z.looseObject({
  cpuTimeMs: z.number(),
  uptimeMs: z.number(),
  diskReadBytes: z.number(),
  diskReadOperations: z.number(),
  diskWrittenBytes: z.number(),
  diskWriteOperations: z.number(),
});
export type UsageView = z.infer<typeof usage>;

const metricsView = z.looseObject({
  vmId: z.string().max(64),
  takenAt: z.string().max(64),
  boot: z.looseObject({ bootEpoch: z.number(), usage }).nullable(),
  total: usage,
  memoryBytes: z.number().nullable(),
  networkBytes: z.looseObject({ received: z.number(), sent: z.number() }).nullable(),
  heldBy: z.array(z.string().max(200)).max(64),
});
export type MetricsView = z.infer<typeof metricsView>;

const text = z.string().max(1_000);
const hostChecksView = z.looseObject({
  minerId: z.string().max(64),
  name: text,
  checkedAt: z.string().max(64).nullable(),
  checks: z
    .array(
      z.looseObject({
        code: text,
        name: text,
        status: z.enum(['PASS', 'FAIL', 'WARN', 'SKIP']),
        observed: text,
        wanted: text,
        fix: text.nullable(),
      }),
    )
    .max(256)
    .nullable(),
  stale,
});
export type HostChecksView = z.infer<typeof hostChecksView>;

/** The end of a VM's console, or what came after an offset. */
export const readConsole = (
  http: Http,
  vmId: string,
  query: { readonly bytes?: number | undefined; readonly after?: number | undefined },
): Promise<ConsoleView> => http.ask(`/v1/vms/${encodeURIComponent(vmId)}/console`, consoleView, { query });

/** What a VM has used. */
export const readMetrics = (http: Http, vmId: string): Promise<MetricsView> =>
  http.ask(`/v1/vms/${encodeURIComponent(vmId)}/metrics`, metricsView);

/** What a miner's host was checked for. */
export const readHostChecks = (http: Http, minerId: string): Promise<HostChecksView> =>
  http.ask(`/v1/miners/${encodeURIComponent(minerId)}/checks`, hostChecksView);

/** The same as it was. */
export const readHostChecksAt = (http: Http, minerId: string, moment: string) =>
  http.ask(`/v1/miners/${encodeURIComponent(minerId)}/checks`, hostChecksView.extend({ asOf }), {
    query: { at: moment },
  });
