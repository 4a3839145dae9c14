import { unreachable } from '../errors.ts';
import { formatInstant, type UnixMs } from '../values/time.ts';
import { describeVm } from './describe.ts';
import { isOlderVolume, needsConsent } from './sealed-state.ts';
import type { Vm } from './state.ts';

/** Why a VM does not run, in one stable word and a sentence with what may be done; `null` when it runs. */
export type WhyNotRunning = { readonly code: string; readonly text: string };

export const whyNotRunning = (vm: Vm): WhyNotRunning | null => {
  const because = (code: string, next: string): WhyNotRunning => ({
    code,
    text: `${describeVm(vm).observed}; ${next}`,
  });
  switch (vm.observed) {
    case 'running':
      return null;
    case 'awaiting-admission':
      return because('awaiting-admission', 'its account is asked');
    case 'refused':
      return because(vm.refusal?.code ?? 'refused', 'request a new one once that is mended');
    case 'awaiting-placement':
      return because('awaiting-placement', 'it is tried again whenever a miner changes');
    case 'awaiting-reservation':
      return because('awaiting-reservation', 'its miner is asked');
    case 'awaiting-key':
      return needsConsent(vm)
        ? because('consent-needed', `allow it: hcc vm consent ${vm.vmId} --launch`)
        : because('awaiting-key', vm.waiting === null ? 'it is asked for' : expected(vm.waiting.deadlineAt));
    case 'awaiting-boot':
    case 'starting':
      if (isOlderVolume(vm)) return because('volume-older', `allow it: hcc vm consent ${vm.vmId} --rollback`);
      return because(vm.observed, vm.waiting === null ? 'it comes up' : expected(vm.waiting.deadlineAt));
    case 'stopping':
      return because('stopping', 'it was asked to stop');
    case 'resizing':
      return because('resizing', 'it may start once that is decided');
    case 'backing-up':
      return because('backing-up', 'it may start once that is done');
    case 'restoring':
      return because('restoring', 'it may start once that is decided');
    case 'stopped':
      return vm.desired === 'stopped'
        ? because('stopped-by-owner', 'start it: hcc vm start')
        : because('exited', `its restart policy is ${vm.restartPolicy}, so it waits for you: hcc vm start`);
    case 'failed':
      return because('failed', 'hcc vm console shows what its guest said; hcc vm start tries again');
    case 'lost':
      return because('miner-lost', 'it comes back with its miner');
    case 'terminating':
    case 'terminated':
      return because(vm.observed, 'request a new one');
    default:
      return unreachable(vm.observed);
  }
};

const expected = (deadlineAt: UnixMs): string => `expected by ${formatInstant(deadlineAt)}`;
