import { unreachable } from '../errors.ts';
import { formatSize } from '../values/size.ts';
import { formatInstant } from '../values/time.ts';
import { isOlderVolume, needsConsent, sayOlder } from './sealed-state.ts';
import type { Desired, Vm } from './state.ts';

/** One plain sentence for each of the two status words. Texts for people; programs read the words. */
export type VmDescription = { readonly desired: string; readonly observed: string };

/** What is wanted of a VM and what is known of it, as a person would say it. */
export const describeVm = (vm: Vm): VmDescription => {
  const observed = observedSentence(vm);
  return {
    desired: vm.observed === 'refused' ? 'nothing more is wanted of it' : desiredSentences[vm.desired],
    observed: vm.waiting?.passed ? `${observed} (expected by ${formatInstant(vm.waiting.deadlineAt)})` : observed,
  };
};

const desiredSentences: Readonly<Record<Desired, string>> = {
  running: 'it shall run',
  stopped: 'it shall be stopped, with its disk kept',
  absent: 'it shall be gone, with its disk removed',
};

const observedSentence = (vm: Vm): string => {
  const minerId = vm.placement?.minerId ?? vm.proposal?.minerId ?? 'none';
  switch (vm.observed) {
    case 'awaiting-admission':
      return 'waiting for its account to set the first credits aside';
    case 'refused':
      return `refused before anything was made: ${vm.refusal?.detail ?? 'no reason was given'}`;
    case 'awaiting-placement':
      return awaitingPlacement(vm);
    case 'awaiting-reservation':
      return `waiting for miner ${minerId} to set ${formatSize(vm.size)} aside`;
    case 'awaiting-boot':
      return `waiting for its miner ${minerId} to begin boot ${vm.boot?.bootEpoch ?? 1}`;
    case 'starting':
      return startingSentence(vm, minerId);
    case 'awaiting-key':
      return `its miner ${minerId} has started it; its guest waits for the key of its disk${keyWaitPhrase(vm)}`;
    case 'running':
      return `running on miner ${minerId}${vm.endpoint === null ? '' : `, ssh at ${vm.endpoint.host} port ${vm.endpoint.port}`}`;
    case 'stopping':
      return `asked to shut down; its miner ${minerId} ends it if it does not`;
    case 'stopped':
      return vm.exit === null ? 'stopped; it has not run yet' : `stopped: ${exitPhrase(vm.exit)}`;
    case 'resizing':
      return `waiting for credits and for miner ${minerId} to set ${formatSize(vm.resize?.size ?? vm.size)} aside; it starts no earlier`;
    case 'backing-up':
      return `stopped; its miner ${minerId} makes backup ${vm.backup?.backupId ?? 'none'} of its disk, and it starts no earlier`;
    case 'restoring':
      return `waiting for miner ${vm.restore?.minerId ?? minerId} to set ${formatSize(vm.size)} aside, where it is restored from backup ${vm.restore?.backupId ?? 'none'}`;
    case 'failed':
      return `failed: ${vm.exit?.detail || 'its miner gave no reason'}`;
    case 'lost':
      return `its miner ${minerId} has not been heard since ${vm.lastHeardAt === null ? 'an unknown time' : formatInstant(vm.lastHeardAt)}: its disk is there, nothing was destroyed`;
    case 'terminating':
      return `waiting for its miner ${minerId} to end it and remove its disk`;
    case 'terminated':
      return vm.placement === null ? 'gone; no miner ever had a disk of it' : 'gone, and so is its disk';
    default:
      return unreachable(vm.observed);
  }
};

const startingSentence = (vm: Vm, minerId: string): string => {
  const started = `its miner ${minerId} has started it`;
  const rollback = vm.sealedBoot?.rollback;
  if (rollback && isOlderVolume(vm)) {
    return `${started}; its disk says it was ${sayOlder(rollback)}: it may be an older copy, and waits for its owner's consent`;
  }
  return vm.sealedBoot?.released
    ? `${started} and its guest has the key of its disk; it has not answered yet`
    : `${started}; its guest has not answered yet`;
};

const keyWaitPhrase = (vm: Vm): string =>
  needsConsent(vm) ? ', which needs the consent of its owner: what it starts is older than last time' : '';

const lacks: Readonly<Record<string, readonly [one: string, many: string]>> = {
  memory: ['lacks memory', 'lack memory'],
  vcpus: ['lacks vCPUs', 'lack vCPUs'],
  disk: ['lacks disk', 'lack disk'],
  'not-attached': ['is not attached', 'are not attached'],
  'no-capacity-declared': ['has declared no capacity', 'have declared no capacity'],
  lost: ['is lost', 'are lost'],
  draining: ['is draining', 'are draining'],
  distrusted: ['is distrusted', 'are distrusted'],
};

const awaitingPlacement = (vm: Vm): string => {
  const wanted = `waiting for a miner with ${formatSize(vm.size)}`;
  if (vm.placementFailure === null) return wanted;
  const reasons = Object.entries(vm.placementFailure).map(([code, count]) => {
    const [one, many] = lacks[code] ?? [`says ${code}`, `say ${code}`];
    return `${count} ${count === 1 ? one : many}`;
  });
  return `${wanted}: ${reasons.length === 0 ? 'there is no miner yet' : reasons.join(', ')}`;
};

const exitPhrase = ({ cause, detail }: NonNullable<Vm['exit']>): string => {
  switch (cause) {
    case 'requested':
      return 'it was asked to';
    case 'guest-shutdown':
      return 'it was shut down from inside';
    case 'crash':
      return `it crashed (${detail})`;
    case 'host-shutdown':
      return 'its host was shutting down';
    case 'host-reboot':
      return 'its host was restarted';
    case 'failed':
      return `it failed (${detail})`;
    default:
      return unreachable(cause);
  }
};
