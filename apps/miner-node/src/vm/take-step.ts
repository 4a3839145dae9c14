import { type DesiredSpec, unreachable } from '#domain';
import { type Boot, type Exit, type LaunchedBoot, launchedBoot, type Step } from '../converge/index.ts';
import { failureOf } from '../failure.ts';
import type { Machine, Started, StartPlan } from '../ports/hypervisor.ts';
import { beginCopy, recordCopy, stopCopy } from './copy-steps.ts';
import { growDisk, prepareDisk } from './disk-steps.ts';
import type { Held, VmParts } from './held.ts';
import { bootOf, notStarted, save, saveBoot } from './record.ts';

/** A step that does something. */
export type Action = Exclude<Step, { readonly do: 'none' | 'wait' }>;

/** Who hears of what goes on after a step: a machine that runs, a copy that is over. */
export type Later = { readonly onStarted: (machine: Machine) => void; readonly onCopied: () => void };

/** Does one step and brings `held` up to it. The record is durable before the world is changed.
 *  Rejects when the disk refuses; nothing is half done then, and the same step comes again. */
export const takeStep = async (
  step: Action,
  held: Held,
  parts: VmParts,
  { onStarted, onCopied }: Later,
): Promise<void> => {
  switch (step.do) {
    case 'prepare-disk':
      return prepareDisk(step.spec, step.boot, held, parts);
    case 'grow-disk':
      return growDisk(step.spec, step.boot, held, parts);
    case 'launch':
      return launch(step.spec, step.boot, held, parts, onStarted);
    case 'record-exit':
      return recordExit(step.exit, held, parts);
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
      parts.log('warn', 'the guest did not power off, QEMU is ended', { vmId: held.vmId });
      await held.machine?.kill();
      held.exit = (await held.machine?.exited) ?? null;
      held.machine = null;
      return;
    case 'begin-copy':
      return beginCopy(step.copy, held, parts, onCopied);
    case 'stop-copy':
      return stopCopy(held);
    case 'record-copy':
      return recordCopy(held, parts);
    case 'remove':
      return remove(held, parts);
    default:
      return unreachable(step);
  }
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

const recordExit = async (exit: Exit, held: Held, parts: VmParts): Promise<void> => {
  const live = launchedBoot(held.vm);
  if (live === null) return;
  const { kind, ...how } = exit;
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
  held.vm = null;
  held.startFailure = null;
};
