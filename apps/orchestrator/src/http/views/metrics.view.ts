import { z } from 'zod';
import { isoTime, type VmMetrics, vmUsage } from '#events';

const offset = z.int().nonnegative();

/** A part of a console. `start` above the offset that was asked for says how much is gone. */
export const consoleView = z.strictObject({ text: z.string(), start: offset, end: offset });

/** A VM's counters as its miner keeps them. `networkBytes` is null where nothing counts them. */
export const metricsView = z.strictObject({
  vmId: z.string(),
  takenAt: z.string(),
  boot: z.strictObject({ bootEpoch: z.int(), usage: vmUsage }).nullable(),
  total: vmUsage,
  memoryBytes: z.number().nullable(),
  networkBytes: z.strictObject({ received: z.number(), sent: z.number() }).nullable(),
  heldBy: z.array(z.string()),
});

export const metricsOf = (metrics: VmMetrics): z.infer<typeof metricsView> => ({
  ...metrics,
  takenAt: isoTime(metrics.takenAt),
  heldBy: [...metrics.heldBy],
});
