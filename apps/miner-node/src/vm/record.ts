import type { Boot, LocalBoot, LocalVm } from '../converge/index.ts';
import { type Failure, imageOnItsWay } from '../failure.ts';
import { limits } from '../limits.ts';
import type { Held, VmParts } from './held.ts';

/** Writes a change of the record, durably, and then holds it. */
export const save = async (held: Held, parts: VmParts, change: Partial<LocalVm>): Promise<void> => {
  if (held.vm === null) return;
  const vm = { ...held.vm, ...change };
  await parts.dirs.save(vm);
  held.vm = vm;
};

/** The same of its boot. */
export const saveBoot = (held: Held, parts: VmParts, boot: LocalBoot): Promise<void> => save(held, parts, { boot });

export const bootOf = ({ bootId, bootEpoch }: Boot): Boot => ({ bootId, bootEpoch });

/** A boot that did not come to run QEMU: it is tried again after a pause, which grows. */
export const notStarted = (boot: Boot, { code, detail }: Failure, held: Held, { clock, log }: VmParts): void => {
  const earlier = held.startFailure?.bootId === boot.bootId ? held.startFailure.attempts : 0;
  // However long it takes: only what failed is counted.
  if (code === imageOnItsWay) {
    const retryAt = clock.now() + limits.imagePollMs;
    held.startFailure = { bootId: boot.bootId, attempts: earlier, retryAt, code, detail };
    return;
  }
  const attempts = earlier + 1;
  log('warn', 'VM not started', { vmId: held.vmId, bootId: boot.bootId, attempts, code, reason: detail });
  const retryAt = clock.now() + limits.startRetryMs * 2 ** earlier;
  held.startFailure = { bootId: boot.bootId, attempts, retryAt, code, detail };
};
