import { type DesiredSpec, type UnixMs, unreachable } from '#domain';
import { limits } from '../limits.ts';
import { type Copy, isSameCopy, wantedCopy } from './copy.ts';
import { type Exit, exitOf, type QemuExit } from './exit.ts';
import {
  type Boot,
  diskKindOf,
  isNewBoot,
  type LaunchedBoot,
  type LocalDisk,
  type LocalVm,
  launchedBoot,
} from './local-vm.ts';

/** What is true at this moment and not in the record. */
export type Facts = {
  readonly now: UnixMs;
  readonly hostBootId: string;
  readonly agentEpoch: number;
  /** Why QEMU ended, if it said so, with its absence. */
  readonly qemu: { readonly state: 'running' } | { readonly state: 'gone'; readonly exit: QemuExit | null };
  /** The power button, pressed in this life of the agent. */
  readonly stopping: { readonly since: UnixMs; readonly pressedAt: UnixMs } | null;
  /** After a start that failed before QEMU ran: how often, why, and when to try again. */
  readonly startFailure: {
    readonly attempts: number;
    readonly retryAt: UnixMs;
    readonly code: string;
    readonly detail: string;
  } | null;
  /** The host is going down: VMs are stopped and none is started. */
  readonly hostStopping: boolean;
  /** A sealed VM's guest asks its way through a boot: no system of its disk runs yet, and it obeys no power button. */
  readonly isAsking: boolean;
  /** What is being done with a copy of its volume, or is over and not on record yet. */
  readonly copying: { readonly copy: Copy; readonly isOver: boolean } | null;
};

/** The one next thing to do. `wait` is done by asking again then, or earlier when something happens. */
export type Step =
  | { readonly do: 'none' }
  | { readonly do: 'wait'; readonly until: UnixMs }
  | { readonly do: 'record-exit'; readonly exit: Exit }
  | { readonly do: 'prepare-disk'; readonly spec: DesiredSpec; readonly boot: Boot }
  | { readonly do: 'grow-disk'; readonly spec: DesiredSpec; readonly boot: Boot }
  | { readonly do: 'launch'; readonly spec: DesiredSpec; readonly boot: Boot }
  | { readonly do: 'skip-boot'; readonly boot: Boot }
  | { readonly do: 'give-up-boot'; readonly boot: Boot; readonly code: string; readonly detail: string }
  | { readonly do: 'power-off'; readonly cause: 'requested' | 'host-shutdown' }
  | { readonly do: 'kill' }
  | { readonly do: 'begin-copy'; readonly copy: Copy }
  | { readonly do: 'stop-copy' }
  | { readonly do: 'record-copy' }
  | { readonly do: 'remove' };

/**
 * The next step from what is here towards what `spec` wants. Pure: the whole policy of the agent, and nothing else.
 * `spec` is the newest one read in this life of the agent, or `null`: then nothing is started, stopped or removed.
 */
export const nextStep = (vm: LocalVm | null, spec: DesiredSpec | null, facts: Facts): Step => {
  const live = launchedBoot(vm);
  if (live !== null && facts.qemu.state === 'gone') {
    return { do: 'record-exit', exit: exitOf(live, facts.qemu.exit, facts) };
  }
  const copy = facts.hostStopping ? null : wantedCopy(vm, spec);
  if (facts.copying?.isOver === true) return { do: 'record-copy' };
  if (facts.copying !== null && !isSameCopy(facts.copying.copy, copy)) return { do: 'stop-copy' };
  if (facts.hostStopping) {
    return live === null ? none : stop(facts, live, 'host-shutdown', limits.hostStopMs);
  }
  if (live !== null && live.guestFailure !== null) return stop(facts, live, 'requested', limits.removalStopMs);
  if (spec === null) return none;
  const begin: Step = copy === null || facts.copying !== null ? none : { do: 'begin-copy', copy };
  switch (spec.desired) {
    case 'absent':
      if (live !== null) return stop(facts, live, 'requested', Math.min(spec.stopDeadlineMs, limits.removalStopMs));
      // Its record says what of the store is to go: it goes after that.
      if (vm === null || copy !== null) return begin;
      return { do: 'remove' };
    case 'stopped':
      if (live !== null) return stop(facts, live, 'requested', spec.stopDeadlineMs);
      return spec.boot !== null && isNewBoot(vm, spec.boot) ? { do: 'skip-boot', boot: spec.boot } : begin;
    case 'running': {
      const step = towardsRunning(vm, live, spec, facts, copy?.kind === 'restore' ? begin : null);
      return step.do === 'none' ? begin : step;
    }
    default:
      return unreachable(spec.desired);
  }
};

const none: Step = { do: 'none' };

const towardsRunning = (
  vm: LocalVm | null,
  live: LaunchedBoot | null,
  spec: DesiredSpec,
  facts: Facts,
  restore: Step | null,
): Step => {
  const { boot } = spec;
  if (boot === null || !isNewBoot(vm, boot)) return none;
  if (live !== null) return stop(facts, live, 'requested', spec.stopDeadlineMs);
  const failure = facts.startFailure;
  if (failure !== null && failure.attempts >= limits.startAttemptsMax) {
    return { do: 'give-up-boot', boot, code: failure.code, detail: failure.detail };
  }
  if (failure !== null && facts.now < failure.retryAt) return { do: 'wait', until: failure.retryAt };
  if (restore !== null) return restore;
  const disk = vm?.disk ?? null;
  if (disk === null) return { do: 'prepare-disk', spec, boot };
  const strange = strangeDisk(disk, spec);
  if (strange !== null) return { do: 'give-up-boot', boot, code: 'disk-kind-other', detail: strange };
  // Between two boots, when nothing runs on it; a spec that wants less gets what is there.
  return disk.diskBytes < spec.size.diskBytes ? { do: 'grow-disk', spec, boot } : { do: 'launch', spec, boot };
};

/** A disk is sealed from its first boot on or never: neither kind is ever started, or replaced, as the other. */
const strangeDisk = ({ kind: has = 'overlay' }: LocalDisk, spec: DesiredSpec): string | null => {
  const wanted = diskKindOf(spec);
  return has === wanted
    ? null
    : `this VM's disk is of kind ${has}, wanted ${wanted}: a VM keeps the kind it began with`;
};

const stop = (facts: Facts, live: LaunchedBoot, cause: 'requested' | 'host-shutdown', deadlineMs: number): Step => {
  const { stopping, now } = facts;
  // The reason is on disk before the button is pressed; a host's announcement is not outdated by an owner's wish.
  if (stopping === null || live.stopAsked === null) return { do: 'power-off', cause };
  // Asking it again would take the whole deadline and change nothing: there is no one yet who could put things away.
  const killAt = facts.isAsking ? now : stopping.since + deadlineMs;
  if (now >= killAt) return { do: 'kill' };
  const pressAgainAt = stopping.pressedAt + limits.powerPressRepeatMs;
  if (now >= pressAgainAt) return { do: 'power-off', cause };
  return { do: 'wait', until: Math.min(killAt, pressAgainAt) };
};
