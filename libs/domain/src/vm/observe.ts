import { Refusal, unreachable } from '../errors.ts';
import type { BootId } from '../values/ids.ts';
import type { UnixMs } from '../values/time.ts';
import { backupOver } from './backup.ts';
import { authorizeBoot } from './boot.ts';
import type { VmCommand, VmObservation } from './commands.ts';
import type { BootCause, ExitCause, Reported, VmEvent } from './events.ts';
import { present } from './evolve.ts';
import { crashRestartsMax, crashWindowMs } from './limits.ts';
import { isAttestedHostKey, keyAwaited } from './seal.ts';
import type { Vm } from './state.ts';

export type ObserveVm = Extract<VmCommand, { type: 'ObserveVm' }>;

/** A miner's report as events: only what it changes. Refuses a miner that does not hold the generation. */
export const observeVm = (vm: Vm, command: ObserveVm): readonly VmEvent[] => {
  const removed = copyRemoved(vm, command);
  if (removed !== null) return removed;
  if (vm.observed === 'terminated') {
    if (command.observation.phase === 'absent') return [];
    throw new Refusal('vm-terminated', `VM ${vm.vmId} is terminated; miner ${command.minerId} must remove it`);
  }
  if (vm.placement?.minerId !== command.minerId || vm.placement.generation !== command.generation) {
    throw new Refusal(
      'stale-generation',
      `miner ${command.minerId} reports generation ${command.generation} of VM ${vm.vmId}, but ${
        vm.placement === null ? 'no miner' : `miner ${vm.placement.minerId} with generation ${vm.placement.generation}`
      } holds it`,
    );
  }
  if (isOlder(vm, command)) return [];
  const recovered: readonly VmEvent[] =
    vm.observed === 'lost' ? [{ type: 'VmRecovered', minerId: command.minerId }] : [];
  const seen = present(vm);
  // It is stopped, and stays so until its miner's stream has answered; reports come again, and then of the new generation.
  if (seen.observed === 'resizing' || seen.observed === 'restoring') return recovered;
  if (seen.observed === 'backing-up') return [...recovered, ...backingUp(seen, command)];
  return [...recovered, ...changes(seen, command, command.observation)];
};

/** A miner that held it before, and was told that it holds it no more. What it says again is no news. */
const copyRemoved = (vm: Vm, { minerId, generation, observation }: ObserveVm): readonly VmEvent[] | null => {
  if (observation.phase !== 'absent') return null;
  const isFormer = vm.former.some((copy) => copy.minerId === minerId && copy.generation === generation);
  if (isFormer) return [{ type: 'VmCopyRemoved', minerId, generation }];
  const { placement } = vm;
  return placement !== null && placement.minerId !== minerId && generation < placement.generation ? [] : null;
};

/** Nothing runs, so nothing but the backup's end is news, and a disk that is gone. */
const backingUp = (vm: Vm, command: ObserveVm): readonly VmEvent[] => {
  const { observation } = command;
  if (observation.phase === 'stopped' || observation.phase === 'failed') {
    return backupOver(vm, observation.backup, command);
  }
  if (observation.phase !== 'absent' || vm.backup === null) return [];
  const { backupId, from } = vm.backup;
  const detail = `miner ${command.minerId} says it holds no disk of this VM`;
  const failed: VmEvent = { type: 'VmBackupFailed', backupId, code: 'no-disk', detail };
  return [failed, ...changes({ ...vm, observed: from }, command, observation)];
};

const isOlder = (vm: Vm, report: ObserveVm): boolean => {
  const last = vm.lastReport;
  if (last === null) return false;
  if (report.agentEpoch !== last.agentEpoch) return report.agentEpoch < last.agentEpoch;
  return report.sequence <= last.sequence;
};

const changes = (vm: Vm, command: ObserveVm, observation: VmObservation): readonly VmEvent[] => {
  const from: Reported = {
    minerId: command.minerId,
    generation: command.generation,
    agentEpoch: command.agentEpoch,
    sequence: command.sequence,
  };
  switch (observation.phase) {
    case 'starting':
      return starting(vm, observation.bootId, from, command.now);
    case 'running':
      return running(vm, observation, from);
    case 'stopped':
      return stopped(vm, command, observation, from);
    case 'failed': {
      const isKnown =
        vm.observed === 'failed' || (vm.exit?.cause === 'failed' && vm.exit.bootId === observation.bootId);
      if (!isCurrentBoot(vm, observation.bootId) || isKnown) return [];
      const { bootId, code, detail } = observation;
      return [{ type: 'VmFailed', bootId, code, detail, ...from }];
    }
    case 'absent':
      if (vm.desired === 'absent') return [{ type: 'VmTerminated', diskRemoved: true }];
      if (vm.observed === 'failed') return [];
      return [
        {
          type: 'VmFailed',
          bootId: vm.boot?.bootId ?? null,
          code: 'removed-by-miner',
          detail: `miner ${command.minerId} says it holds no disk of this VM, though nobody asked it to remove one`,
          ...from,
        },
      ];
    default:
      return unreachable(observation);
  }
};

const isCurrentBoot = (vm: Vm, bootId: string | null): boolean => bootId === (vm.boot?.bootId ?? null);

const starting = (vm: Vm, bootId: BootId, from: Reported, now: UnixMs): readonly VmEvent[] => {
  if (vm.observed !== 'awaiting-boot' || !isCurrentBoot(vm, bootId)) return [];
  const started: VmEvent = { type: 'VmStarting', bootId, ...from };
  if (vm.volume === null) return [started];
  // Nobody was told what to start yet, so nothing of this boot can have started.
  if (vm.sealedBoot === null) return [];
  return vm.sealedBoot.released === null ? [started, keyAwaited(bootId, now)] : [started];
};

type Running = Extract<VmObservation, { phase: 'running' }>;

const running = (vm: Vm, observation: Running, from: Reported): readonly VmEvent[] => {
  if (!isCurrentBoot(vm, observation.bootId) || vm.observed === 'stopping' || vm.observed === 'terminating') return [];
  const { bootId, endpoint, sshHostKey } = observation;
  const same =
    vm.observed === 'running' &&
    vm.sshHostKey === sshHostKey &&
    vm.endpoint?.host === endpoint.host &&
    vm.endpoint.port === endpoint.port;
  const sshHostKeyAttested = isAttestedHostKey(vm, sshHostKey);
  const up: readonly VmEvent[] = same
    ? []
    : [{ type: 'VmRunning', bootId, endpoint, sshHostKey, sshHostKeyAttested, ...from }];
  const { keysVersion } = observation;
  const hasKeys = vm.keysPending && keysVersion === vm.keysVersion;
  return hasKeys ? [...up, { type: 'VmSshKeysApplied', bootId, keysVersion, ...from }] : up;
};

type Stopped = Extract<VmObservation, { phase: 'stopped' }>;

const stopped = (vm: Vm, command: ObserveVm, observation: Stopped, from: Reported): readonly VmEvent[] => {
  if (!isCurrentBoot(vm, observation.bootId)) return [];
  const { bootId, cause, detail } = observation;
  const isDown = vm.observed === 'stopped' || vm.observed === 'failed' || vm.exit?.bootId === bootId;
  if (isDown) return hostIsBack(vm, command) ? bootAgain(vm, command, 'host-reboot') : [];
  const exit: VmEvent = { type: 'VmStopped', bootId, cause, detail, ...from };
  if (vm.desired !== 'running') return [exit];
  const bootCause = restartCause(vm, cause);
  if (bootCause === null) return [exit];
  if (bootCause === 'crash' && isCrashLoop(vm, command.now)) {
    const loop = `exited ${crashRestartsMax + 1} times within ${crashWindowMs / 60_000} minutes; last: ${detail}`;
    return [exit, { type: 'VmFailed', bootId, code: 'crash-loop', detail: loop, ...from }];
  }
  return [exit, ...bootAgain(vm, command, bootCause)];
};

/** A stopping host announced the exit; only a later life of its agent may be given the next boot. */
const hostIsBack = (vm: Vm, command: ObserveVm): boolean =>
  vm.desired === 'running' &&
  vm.restartPolicy !== 'never' &&
  vm.observed === 'stopped' &&
  vm.exit?.cause === 'host-shutdown' &&
  vm.exit.bootId === vm.boot?.bootId &&
  command.agentEpoch > vm.exit.agentEpoch;

const restartCause = (vm: Vm, cause: ExitCause): BootCause | null => {
  if (vm.restartPolicy === 'never') return null;
  switch (cause) {
    case 'crash':
      return 'crash';
    case 'host-reboot':
      return 'host-reboot';
    case 'guest-shutdown':
      return vm.restartPolicy === 'always' ? 'guest-shutdown' : null;
    case 'requested':
    case 'host-shutdown':
      return null;
    default:
      return unreachable(cause);
  }
};

const isCrashLoop = (vm: Vm, now: number): boolean =>
  vm.crashBootsAt.filter((at) => now - at < crashWindowMs).length >= crashRestartsMax;

const bootAgain = (vm: Vm, { nextBootId, now, generation }: ObserveVm, cause: BootCause): readonly VmEvent[] => [
  authorizeBoot(vm, cause, nextBootId, now, generation),
];
