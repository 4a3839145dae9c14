import type { BootId } from '../values/ids.ts';
import type { UnixMs } from '../values/time.ts';
import type { BootCause, VmEvent } from './events.ts';
import { bootDeadlineMs } from './limits.ts';
import type { Vm } from './state.ts';

/** The next boot of a VM: its epoch is one above the last, and its id may be started once. */
export const authorizeBoot = (vm: Vm, cause: BootCause, bootId: BootId, now: UnixMs, generation: number): VmEvent => ({
  type: 'BootAuthorized',
  generation,
  bootEpoch: (vm.boot?.bootEpoch ?? 0) + 1,
  bootId,
  cause,
  authorizedAt: now,
  deadlineAt: now + bootDeadlineMs,
});
