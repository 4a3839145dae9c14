import { unreachable } from '#domain';
import type { Copied, Copy, RestoreCopy } from '../converge/index.ts';
import { failureOf } from '../failure.ts';
import type { Copying, Held, VmParts } from './held.ts';
import { notStarted, save } from './record.ts';

/** Begins a copy, which goes on beside the VM's queue: whoever stops, starts or removes the VM meanwhile does not wait. */
export const beginCopy = async (copy: Copy, held: Held, parts: VmParts, onCopied: () => void): Promise<void> => {
  const stop = new AbortController();
  parts.log('info', 'copy begun', { vmId: held.vmId, kind: copy.kind });
  const settled = work(copy, held.vmId, parts, stop.signal).then(
    (result) => {
      copying.result = result;
    },
    // It was told to stop, and whatever stopped it begins the next.
    () => undefined,
  );
  const copying: Copying = { copy, stop, done: settled, result: null };
  held.copying = copying;
  void settled.then(() => {
    if (copying.result !== null) onCopied();
  });
};

/** Ends a copy that goes on. What it has done already is found there by the next one. */
export const stopCopy = async (held: Held): Promise<void> => {
  held.copying?.stop.abort();
  await held.copying?.done;
  held.copying = null;
};

/** Writes down how one ended, and lets go of it. */
export const recordCopy = async (held: Held, parts: VmParts): Promise<void> => {
  const result = held.copying?.result ?? null;
  if (result !== null) await record(result, held, parts);
  held.copying = null;
};

const work = async (copy: Copy, vmId: string, { backups }: VmParts, signal: AbortSignal): Promise<Copied> => {
  switch (copy.kind) {
    case 'backup':
      return { kind: 'backed-up', outcome: await backups.copy({ vmId, backupId: copy.backupId }, signal) };
    case 'restore':
      return restore(copy, backups.restore({ vmId, ...of(copy) }, signal), signal);
    case 'sweep': {
      const { after, kept } = copy;
      await backups.sweep({ vmId, keep: kept }, signal);
      signal.throwIfAborted();
      return { kind: 'swept', swept: { after, kept } };
    }
    default:
      return unreachable(copy);
  }
};

const of = ({ manifestSha256, diskBytesMax }: RestoreCopy) => ({ manifestSha256, diskBytesMax });

const restore = async (
  copy: RestoreCopy,
  restoring: Promise<{ readonly bytes: number }>,
  signal: AbortSignal,
): Promise<Copied> => {
  try {
    return { kind: 'restored', of: copy, ...(await restoring) };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'not-restored', of: copy, ...failureOf(error, 'disk-not-restored') };
  }
};

const record = async (result: Copied, held: Held, parts: VmParts): Promise<void> => {
  switch (result.kind) {
    case 'backed-up':
      return save(held, parts, { backup: result.outcome });
    case 'restored': {
      const { bytes: diskBytes } = result;
      const { imageDigest, generation } = result.of;
      return save(held, parts, { disk: { imageDigest, diskBytes, kind: 'volume' }, restoredIn: generation });
    }
    case 'not-restored':
      return notStarted(result.of.boot, result, held, parts);
    case 'swept':
      return save(held, parts, { swept: result.swept });
    default:
      return unreachable(result);
  }
};
