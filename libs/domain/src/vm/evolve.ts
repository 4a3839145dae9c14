import { unreachable } from '../errors.ts';
import type { UnixMs } from '../values/time.ts';
import { evolveBackup, evolvePlaced, isBackupEvent, unopenedRestore } from './backup-evolve.ts';
import type { Reported, VmEvent } from './events.ts';
import { crashRestartsMax } from './limits.ts';
import { type Requested, requested, waiting } from './requested.ts';
import { evolveResize } from './resize.ts';
import { evolveSealed, isSealedEvent } from './sealed-evolve.ts';
import type { Observed, Vm, VmState } from './state.ts';

/** The VM after one more event. Total: an event that makes no sense here leaves the state as it was. */
export const evolve = (state: VmState, event: VmEvent): VmState => {
  if (event.type === 'VmRequested') return state ?? requested(event);
  if (state === null) return null;
  return state.observed === 'lost' ? evolveLost(state, event) : evolvePresent(state, event);
};

/** A lost VM as it was when its miner was last heard, with what its owner asked since; any other as it is. */
export const present = (vm: Vm): Vm =>
  vm.observed === 'lost' && vm.observedBeforeLost !== null
    ? {
        ...vm,
        observed: vm.observedBeforeLost,
        waiting: vm.waitingBeforeLost,
        observedBeforeLost: null,
        waitingBeforeLost: null,
        lastHeardAt: null,
      }
    : vm;

/** What happens to a lost VM happens beneath the loss: once it is found again, it waits for what it had to wait for. */
const evolveLost = (vm: Vm, event: Exclude<VmEvent, Requested>): Vm => {
  switch (event.type) {
    case 'VmLost':
      return vm;
    case 'VmRecovered':
      return present(vm);
    case 'VmDeadlinePassed':
      return passed(vm);
    // Another miner has it: what the lost one does no longer matters.
    case 'VmPlaced':
      return evolvePlaced(vm, event);
    // The lost one may still come back first.
    case 'VmRestoreRequested':
      return evolveBackup(vm, event);
    default: {
      const beneath = evolvePresent(present(vm), event);
      if (beneath.observed === 'terminated') return beneath;
      const { observed: observedBeforeLost, waiting: waitingBeforeLost } = beneath;
      const { waiting, lastHeardAt } = vm;
      return { ...beneath, observed: 'lost', waiting, lastHeardAt, observedBeforeLost, waitingBeforeLost };
    }
  }
};

const evolvePresent = (vm: Vm, event: Exclude<VmEvent, Requested>): Vm => {
  if (isSealedEvent(event)) return evolveSealed(vm, event);
  if (isBackupEvent(event)) return evolveBackup(vm, event);
  switch (event.type) {
    case 'VmAdmitted':
      return {
        ...vm,
        holdId: event.holdId,
        observed: 'awaiting-placement',
        waiting: waiting('placement', event.deadlineAt),
      };
    case 'VmRefused':
      return {
        ...vm,
        desired: 'absent',
        observed: 'refused',
        refusal: { code: event.code, detail: event.detail },
        waiting: null,
      };
    case 'VmPlacementProposed':
      return {
        ...vm,
        generation: event.generation,
        proposal: { minerId: event.minerId, generation: event.generation },
        observed: 'awaiting-reservation',
        waiting: waiting('reservation', event.deadlineAt),
      };
    case 'VmPlacementRejected':
      return {
        ...vm,
        proposal: null,
        observed: 'awaiting-placement',
        waiting: waiting('placement', event.deadlineAt),
      };
    case 'VmPlacementFailed':
      return { ...vm, placementFailure: event.reasons };
    case 'VmPlacementDeclined':
      return { ...vm, declinedGeneration: event.generation };
    case 'VmPlaced':
      return evolvePlaced(vm, event);
    case 'BootAuthorized':
      return {
        ...vm,
        boot: { bootEpoch: event.bootEpoch, bootId: event.bootId, generation: event.generation },
        keysPending: false,
        restored: unopenedRestore(vm),
        sealedBoot: null,
        observed: 'awaiting-boot',
        crashBootsAt: event.cause === 'crash' ? lastOf([...vm.crashBootsAt, event.authorizedAt]) : vm.crashBootsAt,
        waiting: waiting('boot', event.deadlineAt),
      };
    case 'VmStartRequested':
      // The owner has looked at it: a crash loop gets a fresh count.
      return { ...vm, desired: 'running', crashBootsAt: [] };
    case 'VmStopRequested':
      return isUp(vm.observed)
        ? { ...vm, desired: 'stopped', observed: 'stopping', waiting: waiting('stop', event.deadlineAt) }
        : { ...vm, desired: 'stopped' };
    case 'VmRebootRequested':
      return vm;
    case 'VmResizeRequested':
    case 'VmResized':
    case 'VmResizeRefused':
      return evolveResize(vm, event);
    case 'VmSshKeysChanged':
      return {
        ...vm,
        sshPublicKeys: event.sshPublicKeys,
        keysVersion: event.keysVersion,
        // A boot that is over keeps nothing: the next one brings its own.
        keysPending: (isUp(vm.observed) || vm.observed === 'stopping') && !getsKeysLater(vm),
      };
    case 'VmSshKeysApplied':
      return { ...reported(vm, event), keysPending: vm.keysPending && event.keysVersion !== vm.keysVersion };
    case 'VmTerminationRequested':
      return { ...vm, desired: 'absent', observed: 'terminating', waiting: waiting('removal', event.deadlineAt) };
    case 'VmStarting':
      return { ...reported(vm, event), observed: 'starting' };
    case 'VmRunning':
      return {
        ...reported(vm, event),
        observed: 'running',
        endpoint: event.endpoint,
        sshHostKey: event.sshHostKey,
        sshHostKeyAttested: event.sshHostKeyAttested,
        // A boot that was called over and runs after all can end once more.
        exit: vm.exit?.bootId === event.bootId ? null : vm.exit,
        waiting: null,
      };
    case 'VmStopped':
      return down(vm, 'stopped', event, event.cause);
    case 'VmFailed':
      return down(vm, 'failed', event, 'failed');
    case 'VmLost':
      return {
        ...vm,
        observed: 'lost',
        observedBeforeLost: vm.observed,
        waitingBeforeLost: vm.waiting,
        lastHeardAt: event.lastSeenAt,
        waiting: waiting('miner', event.deadlineAt),
      };
    case 'VmRecovered':
      return vm;
    case 'VmDeadlinePassed':
      return passed(vm);
    case 'VmTerminated':
      return { ...vm, desired: 'absent', observed: 'terminated', endpoint: null, waiting: null, ...nothing };
    default:
      return unreachable(event);
  }
};

const nothing = { resize: null, backup: null, restore: null } as const;

const passed = (vm: Vm): Vm => (vm.waiting === null ? vm : { ...vm, waiting: { ...vm.waiting, passed: true } });

/** Whether QEMU may be running: a stop has something to wait for. */
export const isUp = (observed: Observed): boolean =>
  observed === 'awaiting-boot' || observed === 'starting' || observed === 'awaiting-key' || observed === 'running';

/** A sealed guest is told who may log in with its key, and not before. */
const getsKeysLater = (vm: Vm): boolean => vm.volume !== null && !vm.sealedBoot?.released;

const reported = (vm: Vm, event: Reported): Vm => ({
  ...vm,
  lastReport: { agentEpoch: event.agentEpoch, sequence: event.sequence },
});

type Down = Extract<VmEvent, { type: 'VmStopped' | 'VmFailed' }>;

const down = (vm: Vm, observed: 'stopped' | 'failed', event: Down, cause: NonNullable<Vm['exit']>['cause']): Vm => ({
  ...reported(vm, event),
  observed: vm.desired === 'absent' ? 'terminating' : observed,
  exit: { bootId: event.bootId, cause, detail: event.detail, agentEpoch: event.agentEpoch },
  endpoint: null,
  keysPending: false,
  waiting: vm.desired === 'absent' ? vm.waiting : null,
});

const lastOf = (times: readonly UnixMs[]): readonly UnixMs[] => times.slice(-crashRestartsMax);
