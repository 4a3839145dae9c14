import { type MinerId, place, placementCandidate, sameSize, type UnixMs, type Vm } from '#domain';
import { type EventStore, findChainFault, readWholeStream, type StreamName } from '#events';
import type { Accuse, Checker } from './checker.ts';
import type { SimMiner } from './sim-miner.ts';

/** What must be true once faults have stopped and everything had time to heal. */
export const checkHealed = (
  { vms, accounts, miners }: Checker,
  hosts: ReadonlyMap<MinerId, SimMiner>,
  now: UnixMs,
  accuse: Accuse,
): void => {
  const candidates = [...miners.values()].map(placementCandidate);
  for (const { minerId, capacity } of miners.values()) {
    const actual = hosts.get(minerId)?.capacity();
    if (actual === undefined || sameSize(actual, capacity)) continue;
    accuse('log-is-true', `${minerId} has ${JSON.stringify(actual)}, the log says ${JSON.stringify(capacity)}`);
  }
  for (const vm of vms.values()) {
    const wrong = wrongWith(vm, () => place({ vmId: vm.vmId, size: vm.size }, candidates).fit);
    if (wrong !== null) accuse('healed', `VM ${vm.vmId} is ${vm.observed}, wanted ${vm.desired}: ${wrong}`);
    if (vm.waiting !== null && !vm.waiting.passed && vm.waiting.deadlineAt <= now) {
      accuse('deadline-raised', `VM ${vm.vmId} waits for ${vm.waiting.for} past its deadline, and no event says so`);
    }
    checkBehind(vm, { accounts, miners }, accuse);
    checkHost(vm, hosts, accuse);
  }
};

const wrongWith = (vm: Vm, fits: () => boolean): string | null => {
  switch (vm.observed) {
    case 'refused':
    case 'terminated':
      return vm.desired === 'absent' ? null : 'nobody asked for its end';
    case 'awaiting-placement':
      if (vm.desired === 'absent') return 'its end is not done';
      return fits() ? 'a miner would fit' : null;
    case 'running':
      return vm.desired === 'running' ? null : 'it still runs';
    case 'stopped':
      if (vm.desired === 'stopped') return null;
      return vm.desired === 'running' && staysDown(vm) ? null : `it should not be down (${vm.exit?.cause})`;
    case 'failed':
      if (vm.desired === 'absent') return 'its end is not done';
      return vm.exit?.detail.startsWith('exited ') ? null : `it failed: ${vm.exit?.detail}`;
    default:
      return `it is stuck (${vm.exit?.cause})`;
  }
};

/** Whether the owner's policy leaves it down after this exit. */
const staysDown = ({ exit, restartPolicy }: Vm): boolean => {
  if (exit === null || exit.cause === 'requested' || exit.cause === 'failed') return false;
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
    const expected = wanted?.minerId === minerId ? wanted.generation : null;
    if (generation === expected) continue;
    accuse(
      'allocation-behind-vm',
      `${vm.vmId} is ${vm.observed}: ${minerId} holds ${generation}, expected ${expected}`,
    );
  }
};

/** What the log says of a VM is what its host does. */
const checkHost = (vm: Vm, hosts: ReadonlyMap<MinerId, SimMiner>, accuse: Accuse): void => {
  for (const [minerId, { guests }] of hosts) {
    const guest = guests.get(vm.vmId);
    const isHere = vm.placement?.minerId === minerId;
    const bootId = guest?.qemu ? (guest.record?.boot?.bootId ?? null) : null;
    const expected = isHere && vm.observed === 'running' ? (vm.boot?.bootId ?? null) : null;
    if (bootId !== expected) accuse('log-is-true', `${vm.vmId}: ${minerId} runs ${bootId}, the log says ${expected}`);
    if (vm.observed === 'terminated' && guest?.record) accuse('log-is-true', `${vm.vmId} is still on ${minerId}`);
  }
};

/** Every stream's hash chain holds. */
export const checkChains = async (store: EventStore, streams: Iterable<StreamName>, accuse: Accuse): Promise<void> => {
  for (const stream of streams) {
    const fault = findChainFault(await readWholeStream(store, stream));
    if (fault !== null) accuse('hash-chain', `${fault.stream}@${fault.revision}: ${fault.fault}`);
  }
};
