import { z } from 'zod';
import { type VmUsage, vmUsage } from '#events';

/** What a VM has used on this host. QEMU and the kernel count one boot; the ledger carries over what ended ones used. */
export type Ledger = {
  readonly ended: VmUsage;
  readonly boot: { readonly bootEpoch: number; readonly usage: VmUsage } | null;
};

export const noUsage: VmUsage = {
  cpuTimeMs: 0,
  uptimeMs: 0,
  diskReadBytes: 0,
  diskReadOperations: 0,
  diskWrittenBytes: 0,
  diskWriteOperations: 0,
};

export const emptyLedger: Ledger = { ended: noUsage, boot: null };

/** The ledger after one more look at a boot. Pure; no figure ever falls, whatever was read. A look at an older boot
 *  than the newest known comes too late and changes nothing. */
export const withReading = (ledger: Ledger, bootEpoch: number, usage: VmUsage): Ledger => {
  const { boot } = ledger;
  if (boot === null) return { ...ledger, boot: { bootEpoch, usage } };
  if (bootEpoch < boot.bootEpoch) return ledger;
  if (bootEpoch === boot.bootEpoch) return { ...ledger, boot: { bootEpoch, usage: each(boot.usage, usage, Math.max) } };
  return { ended: total(ledger), boot: { bootEpoch, usage } };
};

/** All boots together. Pure. */
export const total = ({ ended, boot }: Ledger): VmUsage =>
  boot === null ? ended : each(ended, boot.usage, (a, b) => a + b);

const each = (a: VmUsage, b: VmUsage, combine: (a: number, b: number) => number): VmUsage => ({
  cpuTimeMs: combine(a.cpuTimeMs, b.cpuTimeMs),
  uptimeMs: combine(a.uptimeMs, b.uptimeMs),
  diskReadBytes: combine(a.diskReadBytes, b.diskReadBytes),
  diskReadOperations: combine(a.diskReadOperations, b.diskReadOperations),
  diskWrittenBytes: combine(a.diskWrittenBytes, b.diskWrittenBytes),
  diskWriteOperations: combine(a.diskWriteOperations, b.diskWriteOperations),
});

/** Stored form, version 1, of `usage.json`. */
const record = z.strictObject({
  version: z.literal(1),
  ended: vmUsage,
  boot: z.strictObject({ bootEpoch: z.int().nonnegative(), usage: vmUsage }).nullable(),
});

export const encodeLedger = (ledger: Ledger): string => `${JSON.stringify({ version: 1, ...ledger })}\n`;

/** Reads a ledger back. Throws an error that names the file: what was used is not guessed. */
export const decodeLedger = (path: string, content: string): Ledger => {
  try {
    const { ended, boot } = record.parse(JSON.parse(content));
    return { ended, boot };
  } catch {
    throw new Error(`${path} is not a ledger of usage: put back a good copy, or remove it to count from zero`);
  }
};
