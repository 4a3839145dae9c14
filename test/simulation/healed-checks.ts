import { type MinerId, place, placementCandidate, sameSize, type UnixMs, type Vm } from '#domain';
import type { Accuse, Checker } from './checker.ts';
import { startDetail } from './guest-steps.ts';
import { lieDetail } from './lies.ts';
import type { SimBackupStore } from './moving/backup-store.ts';
import { copyDetail } from './moving/copying.ts';
import { checkMoved, keptCopyOn } from './moving/moving-check.ts';
import type { Plan } from './plan.ts';
import { keyLeftBehind, stoppedByTrouble, waitsForItsOwner } from './sealed/sealed-healed.ts';
import type { SimMiner } from './sim-miner.ts';

type Hosts = ReadonlyMap<MinerId, SimMiner>;

/** What must be true of VMs, holds and hosts once faults have stopped and everything had time to heal. */
export const checkHealed = (
  checker: Checker,
  hosts: Hosts,
  now: UnixMs,
  { rates }: Pick<Plan, 'rates'>,
  backups: SimBackupStore,
  accuse: Accuse,
): void => {
  const { vms, accounts, miners } = checker;
  const candidates = [...miners.values()].map(placementCandidate);
  for (const { minerId, capacity, lost } of miners.values()) {
    const actual = hosts.get(minerId)?.capacity();
    if (actual !== undefined && !sameSize(actual, capacity)) {
      accuse('log-is-true', `${minerId} has ${JSON.stringify(actual)}, the log says ${JSON.stringify(capacity)}`);
    }
    if (lost !== null) accuse('healed', `${minerId} is back and still lost`);
  }
  for (const vm of vms.values()) {
    const wrong = wrongWith(vm, rates, () => place({ vmId: vm.vmId, size: vm.size }, candidates).fit);
    if (wrong !== null) accuse('healed', `VM ${vm.vmId} is ${vm.observed}, wanted ${vm.desired}: ${wrong}`);
    if (vm.waiting !== null && !vm.waiting.passed && vm.waiting.deadlineAt <= now) {
      accuse('deadline-raised', `VM ${vm.vmId} waits for ${vm.waiting.for} past its deadline, and no event says so`);
    }
    checkBehind(vm, checker, accuse);
    checkHost(vm, hosts, accuse);
    checkMoved(vm, hosts, backups, accuse);
  }
  for (const { accountId, holds } of accounts.values()) {
    for (const [holdId, { vmId }] of holds) {
      if (!vms.has(vmId)) accuse('hold-behind-vm', `${accountId} holds ${holdId} for ${vmId}, which nobody requested`);
    }
  }
  for (const { minerId, allocations } of miners.values()) {
    for (const vmId of allocations.keys()) {
      if (!vms.has(vmId)) accuse('allocation-behind-vm', `${minerId} holds ${vmId}, which nobody requested`);
    }
  }
};

const wrongWith = (vm: Vm, rates: Plan['rates'], fits: () => boolean): string | null => {
  switch (vm.observed) {
    case 'refused':
    case 'terminated':
      return vm.desired === 'absent' ? keyLeftBehind(vm) : 'nobody asked for its end';
    case 'awaiting-placement':
      if (vm.desired === 'absent') return 'its end is not done';
      if (fits()) return 'a miner would fit';
      return vm.placementFailure === null ? 'nothing says why' : null;
    case 'running':
      return vm.desired === 'running' ? null : 'it still runs';
    case 'stopped':
      if (vm.desired === 'stopped') return null;
      return vm.desired === 'running' && staysDown(vm) ? null : `it should not be down (${vm.exit?.cause})`;
    case 'failed':
      if (vm.desired === 'absent') return 'its end is not done';
      return mayFail(vm.exit?.detail ?? '') || stoppedByTrouble(vm, rates) ? null : `it failed: ${vm.exit?.detail}`;
    default:
      return vm.desired === 'running' && waitsForItsOwner(vm) ? null : `it is stuck (${vm.exit?.cause})`;
  }
};

/** A crash loop, a host that could not start it, or a miner that lied about it: each told, and for its owner to decide. */
const mayFail = (detail: string): boolean =>
  detail.startsWith('exited ') ||
  detail.startsWith(startDetail) ||
  detail.startsWith(copyDetail) ||
  detail.startsWith(lieDetail) ||
  detail.includes('says it holds no disk');

/** Whether the owner's policy leaves it down after this exit, or its miner said that we had asked for it. */
const staysDown = ({ exit, restartPolicy }: Vm): boolean => {
  if (exit === null || exit.cause === 'failed') return false;
  if (exit.cause === 'requested') return exit.detail.startsWith(lieDetail);
  return restartPolicy === 'never' || (restartPolicy === 'on-failure' && exit.cause === 'guest-shutdown');
};

/** A hold and an allocation stand behind a VM that lives, and behind no other. */
const checkBehind = (vm: Vm, { accounts, miners }: Pick<Checker, 'accounts' | 'miners'>, accuse: Accuse): void => {
  const isOver = vm.observed === 'terminated' || vm.observed === 'refused';
  const holds = [...(accounts.get(vm.accountId)?.holds.values() ?? [])].filter(({ vmId }) => vmId === vm.vmId);
  if (holds.length !== (isOver ? 0 : 1))
    accuse('hold-behind-vm', `${vm.vmId} is ${vm.observed}: ${holds.length} holds`);
  const wanted = isOver ? null : vm.placement;
  for (const { minerId, allocations } of miners.values()) {
    const generation = allocations.get(vm.vmId)?.generation ?? null;
    const expected = wanted?.minerId === minerId ? wanted.generation : keptCopyOn(vm, minerId);
    if (generation === expected) continue;
    const detail = `${vm.vmId} is ${vm.observed}: ${minerId} holds ${generation}, expected ${expected}`;
    accuse('allocation-behind-vm', detail);
  }
};

/** What the log says of a VM is what its host does. */
const checkHost = (vm: Vm, hosts: Hosts, accuse: Accuse): void => {
  for (const [minerId, { guests }] of hosts) {
    const guest = guests.get(vm.vmId);
    const isHere = vm.placement?.minerId === minerId;
    const bootId = guest?.qemu ? (guest.record?.boot?.bootId ?? null) : null;
    const isUp = vm.observed === 'running' || waitsForItsOwner(vm);
    const expected = isHere && isUp ? (vm.boot?.bootId ?? null) : null;
    if (bootId !== expected) accuse('log-is-true', `${vm.vmId}: ${minerId} runs ${bootId}, the log says ${expected}`);
    if (vm.observed === 'terminated' && guest?.record) accuse('log-is-true', `${vm.vmId} is still on ${minerId}`);
  }
};
