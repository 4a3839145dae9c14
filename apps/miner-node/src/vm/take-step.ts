import { type DesiredSpec, unreachable } from '#domain';
import {
  type Boot,
  diskKindOf,
  type LaunchedBoot,
  type LocalBoot,
  type LocalVm,
  launchedBoot,
  type Step,
} from '../converge/index.ts';
import { type Failure, failureOf } from '../failure.ts';
import { limits } from '../limits.ts';
import type { Machine, NewDisk, Started, StartPlan } from '../ports/hypervisor.ts';
import type { Held, VmParts } from './held.ts';

/** A step that does something. */
export type Action = Exclude<Step, { readonly do: 'none' | 'wait' }>;

/** Does one step and brings `held` up to it. The record is durable before the world is changed.
 *  Rejects when the disk refuses; nothing is half done then, and the same step comes again. */
export const takeStep = async (
  step: Action,
  held: Held,
  parts: VmParts,
  onStarted: (machine: Machine) => void,
): Promise<void> => {
  switch (step.do) {
    case 'prepare-disk':
      return prepareDisk(step.spec, step.boot, held, parts);
    case 'grow-disk':
      return growDisk(step.spec, step.boot, held, parts);
    case 'launch':
      return launch(step.spec, step.boot, held, parts, onStarted);
    case 'record-exit': {
      const live = launchedBoot(held.vm);
      if (live === null) return;
      const { kind, ...how } = step.exit;
      const boot = bootOf(live);
      await saveBoot(
        held,
        parts,
        'cause' in how
          ? { ...boot, state: 'ended', ...how, agentEpoch: parts.here.agentEpoch }
          : { ...boot, state: 'failed', ...how },
      );
      parts.log('info', 'QEMU is gone', { vmId: held.vmId, bootId: live.bootId, kind, ...how });
      held.stopping = null;
      held.exit = null;
      return;
    }
    case 'skip-boot': {
      const over = { state: 'ended', cause: 'requested', detail: 'stopped before it was started' } as const;
      return saveBoot(held, parts, { ...bootOf(step.boot), ...over, agentEpoch: parts.here.agentEpoch });
    }
    case 'give-up-boot': {
      const { code, detail } = step;
      parts.log('error', 'boot given up', { vmId: held.vmId, bootId: step.boot.bootId, code, reason: detail });
      await saveBoot(held, parts, { ...bootOf(step.boot), state: 'failed', code, detail });
      held.startFailure = null;
      return;
    }
    case 'power-off':
      return pressPower(step.cause, held, parts);
    case 'kill':
      parts.log('warn', 'QEMU is ended: its guest did not power off in time, or runs no system yet', {
        vmId: held.vmId,
      });
      await held.machine?.kill();
      held.exit = (await held.machine?.exited) ?? null;
      held.machine = null;
      return;
    case 'remove':
      return remove(held, parts);
    default:
      return unreachable(step);
  }
};

const prepareDisk = async (spec: DesiredSpec, boot: Boot, held: Held, parts: VmParts): Promise<void> => {
  const { imageDigest } = spec;
  const { diskBytes } = spec.size;
  const kind = diskKindOf(spec);
  try {
    const image = await parts.images.verify(imageDigest);
    const disk: NewDisk = kind === 'volume' ? { kind } : { kind, image };
    await parts.hypervisor.createDisk(held.vmId, disk, diskBytes);
  } catch (error) {
    return notStarted(boot, failureOf(error, 'disk-not-made'), held, parts);
  }
  await save(held, parts, { disk: { imageDigest, diskBytes, kind } });
};

/** Repeated after a crash, it finds the disk grown already. */
const growDisk = async (spec: DesiredSpec, boot: Boot, held: Held, parts: VmParts): Promise<void> => {
  const disk = held.vm?.disk ?? null;
  if (disk === null) return;
  const { diskBytes } = spec.size;
  try {
    await parts.hypervisor.growDisk(held.vmId, diskKindOf(spec), diskBytes);
  } catch (error) {
    return notStarted(boot, failureOf(error, 'disk-not-grown'), held, parts);
  }
  parts.log('info', 'disk grown', { vmId: held.vmId, fromBytes: disk.diskBytes, diskBytes });
  await save(held, parts, { disk: { ...disk, diskBytes } });
};

const launch = async (
  spec: DesiredSpec,
  boot: Boot,
  held: Held,
  parts: VmParts,
  onStarted: (machine: Machine) => void,
): Promise<void> => {
  const before = held.vm;
  if (before === null) return;
  const files = await openFiles(spec, parts).catch((error: unknown) => failureOf(error, 'image-not-opened'));
  if ('code' in files) return notStarted(boot, files, held, parts);
  const sshPort = await parts.hypervisor.choosePort(before.sshPort);
  const launched: LaunchedBoot = {
    ...bootOf(boot),
    state: 'launched',
    hostBootId: parts.here.hostBootId,
    sshHostKey: null,
    guestFailure: null,
    stopAsked: null,
    ...(spec.sealed !== undefined && { bootSpec: spec.sealed.bootSpec }),
  };
  await save(held, parts, { sshPort, boot: launched });
  const started: Started = await parts.hypervisor
    .start({ spec, sshPort, ...files })
    // An error nobody expected promises nothing about the guest.
    .catch((error: unknown) => ({ kind: 'lost', detail: failureOf(error, 'unknown').detail }));
  switch (started.kind) {
    case 'running':
      parts.log('info', 'QEMU runs', { vmId: held.vmId, bootId: boot.bootId, pid: started.machine.pid, sshPort });
      held.machine = started.machine;
      held.startFailure = null;
      return onStarted(started.machine);
    case 'refused':
      // The guest has not run: this boot may be tried again, and is on record as not launched.
      await save(held, parts, { boot: before.boot });
      return notStarted(boot, started, held, parts);
    case 'lost':
      held.exit = { reason: 'unknown', detail: started.detail };
      return;
    default:
      return unreachable(started);
  }
};

const openFiles = async (
  { imageDigest, sealed }: DesiredSpec,
  { images }: VmParts,
): Promise<Pick<StartPlan, 'image' | 'sealed'>> => {
  const image = await images.open(imageDigest);
  if (sealed === undefined) return { image, sealed: null };
  const { bootSpec, cmdline, bootDigest } = sealed;
  return { image, sealed: { bootSpec, cmdline, boot: await images.openBoot(bootDigest) } };
};

const notStarted = (boot: Boot, { code, detail }: Failure, held: Held, { clock, log }: VmParts): void => {
  const earlier = held.startFailure?.bootId === boot.bootId ? held.startFailure.attempts : 0;
  const attempts = earlier + 1;
  log('warn', 'VM not started', { vmId: held.vmId, bootId: boot.bootId, attempts, code, reason: detail });
  const retryAt = clock.now() + limits.startRetryMs * 2 ** earlier;
  held.startFailure = { bootId: boot.bootId, attempts, retryAt, code, detail };
};

const pressPower = async (cause: 'requested' | 'host-shutdown', held: Held, parts: VmParts): Promise<void> => {
  const live = launchedBoot(held.vm);
  if (live === null) return;
  if (live.stopAsked === null) {
    await saveBoot(held, parts, { ...live, stopAsked: { cause, agentEpoch: parts.here.agentEpoch } });
  }
  if (held.stopping === null) parts.log('info', 'power button pressed', { vmId: held.vmId, cause });
  held.machine?.pressPower();
  const now = parts.clock.now();
  held.stopping = { since: held.stopping?.since ?? now, pressedAt: now };
};

const remove = async (held: Held, parts: VmParts): Promise<void> => {
  await parts.dirs.remove(held.vmId);
  parts.log('info', 'VM removed', { vmId: held.vmId });
  held.removed = held.vm?.spec ?? held.removed;
  held.vm = null;
  held.startFailure = null;
};

const bootOf = ({ bootId, bootEpoch }: Boot): Boot => ({ bootId, bootEpoch });

const saveBoot = (held: Held, parts: VmParts, boot: LocalBoot): Promise<void> => save(held, parts, { boot });

const save = async (held: Held, parts: VmParts, change: Partial<LocalVm>): Promise<void> => {
  if (held.vm === null) return;
  const vm = { ...held.vm, ...change };
  await parts.dirs.save(vm);
  held.vm = vm;
};
