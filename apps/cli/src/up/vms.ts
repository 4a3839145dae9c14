import type { Cli } from '../cli.ts';
import { readStream } from '../client/streams.ts';
import type { EventView, VmView } from '../client/views.ts';
import { failureOf } from '../output/errors.ts';
import { shortId } from '../output/text.ts';
import { type Login, sshLine } from '../ssh/ssh.ts';
import { createNarrator } from '../story/lines.ts';
import type { Cluster } from './bootstrap.ts';
import { loginOf, untilUp, type VmWork } from './first-vm.ts';
import { smallestFor } from './flavors.ts';
import { goneGoal, watchVm } from './timeline.ts';

/** A VM that runs, and how to log in to it. */
export type UpVm = { readonly vm: VmView; readonly login: Login; readonly line: string };

/** Requests a VM through the API and shows it come up. */
export const makeVm = async (work: VmWork, cluster: Cluster, wanted: string | undefined, cli: Cli): Promise<UpVm> => {
  const vmId = cli.makes.uuid();
  const { accountId, imageDigest, owner } = cluster;
  const flavorId = wanted ?? (await smallestFor(cluster));
  const accepted = await owner.requestVm({ vmId, accountId, name: 'demo', flavorId, imageDigest });
  await owner.vm(vmId, accepted.position ?? undefined);
  return described(work, await untilUp(work, vmId, 0n));
};

/** The VMs that are wanted running, each brought back. One that does not come back is told of and left as it is. */
export const bringBack = async (work: VmWork, vms: readonly VmView[]): Promise<readonly UpVm[]> => {
  const back: UpVm[] = [];
  for (const vm of vms) {
    work.steps.note(`bringing ${vm.name} (${shortId(vm.vmId)}) back: ${vm.observedText}`);
    try {
      back.push(await described(work, await untilUp(work, vm.vmId, await sinceItRan(work, vm.vmId))));
    } catch (error) {
      work.signal.throwIfAborted();
      work.steps.note(`${vm.name} (${shortId(vm.vmId)}) is not back: ${failureOf(error).message}`);
    }
  }
  return back;
};

/** The first revision after it last came up: what happened since is its way back, told from the beginning. */
const sinceItRan = async (work: VmWork, vmId: string): Promise<bigint> => {
  const ran = (await readStream(work.api, `vm-${vmId}`)).findLast(({ type }) => type === 'VmRunning');
  return ran === undefined ? 0n : BigInt(ran.revision) + 1n;
};

/** The VMs of an account that somebody wants running. */
export const wantedVms = async ({ owner, accountId }: Cluster): Promise<readonly VmView[]> =>
  (await owner.vms({ accountId, gone: 'false' })).filter(({ desired }) => desired === 'running');

/** Terminates a VM and shows it go, disk included. */
export const removeVm = async (work: VmWork, vm: VmView): Promise<void> => {
  const { revision, events } = await work.api.terminateVm(vm.vmId);
  const narrate = createNarrator(work.style);
  const made = BigInt(Math.max(1, events.length));
  await watchVm({
    api: work.api,
    clock: work.clock,
    vmId: vm.vmId,
    from: BigInt(revision) - made + 1n,
    goal: goneGoal(vm),
    signal: work.signal,
    show: (event: EventView) => work.steps.write(narrate(event)),
    note: work.steps.note,
  });
  work.signal.throwIfAborted();
};

/** What the JSON answer says of a VM, and what it went through. */
export const toldOf = async (work: VmWork, { vmId, disk }: VmView) => ({
  id: vmId,
  disk,
  events: (await readStream(work.api, `vm-${vmId}`)).map(({ type, recordedAt }) => ({ type, at: recordedAt })),
});

const described = async (work: VmWork, vm: VmView): Promise<UpVm> => {
  const login = await loginOf(work, vm);
  return { vm, login, line: sshLine(login) };
};
