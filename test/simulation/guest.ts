import type { DesiredSpec, UnixMs } from '#domain';
import {
  acceptSpec,
  type Boot,
  type Facts,
  type Fence,
  type LocalVm,
  launchedBoot,
  nextStep,
  type QemuExit,
} from '../../apps/miner-node/src/converge/index.ts';
import type { Random } from './random.ts';

/** A VM on a simulated host: the agent's durable record, what it knows in this life, and the QEMU process. */
export type Guest = {
  readonly vmId: string;
  record: LocalVm | null;
  removed: Fence | null;
  fresh: DesiredSpec | null;
  qemu: { readonly readyAt: UnixMs; endsAt: UnixMs | null; endsBy: QemuExit['reason'] } | null;
  exit: QemuExit | null;
  stopping: Facts['stopping'];
  startFailure: Facts['startFailure'];
};

export const createGuest = (vmId: string): Guest => ({
  vmId,
  record: null,
  removed: null,
  fresh: null,
  qemu: null,
  exit: null,
  stopping: null,
  startFailure: null,
});

/** What a guest needs of its host. */
export type Host = {
  readonly now: () => UnixMs;
  readonly hostBootId: () => string;
  readonly agentEpoch: () => number;
  readonly hostStopping: () => boolean;
  readonly random: Random;
  /** Whether QEMU does not start on this host now. */
  readonly startsFail: () => boolean;
  /** Whether this VM's guest crashes as soon as it is up, every time. */
  readonly isCrasher: (vmId: string) => boolean;
  readonly onLaunch: (vmId: string, spec: DesiredSpec, boot: Boot) => void;
  readonly onRemove: (vmId: string) => void;
};

/** Takes a spec as the agent does: the newest one counts, an equal one is a fresh reading of it. */
export const takeSpec = (guest: Guest, spec: DesiredSpec): void => {
  const verdict = acceptSpec(guest.record?.spec ?? guest.removed, spec);
  if (verdict === 'older') return;
  if (verdict === 'newer' && (guest.record !== null || spec.desired !== 'absent')) {
    guest.record = guest.record === null ? { spec, sshPort: null, disk: null, boot: null } : { ...guest.record, spec };
  }
  guest.fresh = spec;
};

const stepsMax = 16;
const bootMs = 4_000;
const powerOffMs = 2_000;
const crashAfterMaxMs = 10_000;
const startRetryMs = 5_000;
/** How the reason of a start that failed begins. */
export const startDetail = 'simulated: QEMU does not start';

/** Lets the guest live, then does what the agent's own policy says, until it says to wait. */
export const converge = (guest: Guest, host: Host): void => {
  live(guest, host);
  for (let steps = 0; steps < stepsMax; steps += 1) {
    const facts: Facts = {
      now: host.now(),
      hostBootId: host.hostBootId(),
      agentEpoch: host.agentEpoch(),
      qemu: guest.qemu === null ? { state: 'gone', exit: guest.exit } : { state: 'running' },
      stopping: guest.stopping,
      startFailure: guest.startFailure,
      hostStopping: host.hostStopping(),
      isAsking: false,
      copying: null,
    };
    const step = nextStep(guest.record, guest.fresh, facts);
    if (step.do === 'none' || step.do === 'wait') return;
    take(step, guest, host);
  }
  throw new Error(`the agent's policy does not settle for VM ${guest.vmId}`);
};

/** Time passes for QEMU: a guest gets ready, or ends. */
const live = (guest: Guest, host: Host): void => {
  const { qemu, record } = guest;
  if (qemu === null) return;
  const now = host.now();
  if (qemu.endsAt !== null && qemu.endsAt <= now) {
    guest.exit = { reason: qemu.endsBy, detail: 'simulated' };
    guest.qemu = null;
    return;
  }
  const boot = launchedBoot(record);
  if (record !== null && boot !== null && boot.sshHostKey === null && qemu.readyAt <= now) {
    guest.record = { ...record, boot: { ...boot, sshHostKey: `ssh-ed25519 ${guest.vmId}` } };
  }
};

type Action = Exclude<ReturnType<typeof nextStep>, { do: 'none' | 'wait' }>;

const take = (step: Action, guest: Guest, host: Host): void => {
  const { record } = guest;
  if (record === null) return;
  const agentEpoch = host.agentEpoch();
  switch (step.do) {
    case 'record-exit':
      recordExit(step.exit, guest, agentEpoch);
      return;
    case 'prepare-disk':
      guest.record = { ...record, disk: { imageDigest: step.spec.imageDigest, diskBytes: step.spec.size.diskBytes } };
      return;
    case 'grow-disk':
      if (record.disk === null) return;
      guest.record = { ...record, disk: { ...record.disk, diskBytes: step.spec.size.diskBytes } };
      return;
    case 'launch':
      launch(step.spec, step.boot, guest, host);
      return;
    case 'skip-boot': {
      const over = { state: 'ended', cause: 'requested', detail: 'stopped before it was started' } as const;
      guest.record = { ...record, boot: { ...step.boot, ...over, agentEpoch } };
      return;
    }
    case 'give-up-boot':
      guest.record = { ...record, boot: { ...step.boot, state: 'failed', code: step.code, detail: step.detail } };
      guest.startFailure = null;
      return;
    case 'power-off':
      pressPower(step.cause, guest, host);
      return;
    case 'kill':
      guest.exit = { reason: 'ended-by-host', detail: 'killed' };
      guest.qemu = null;
      return;
    case 'remove':
      host.onRemove(guest.vmId);
      guest.removed = record.spec;
      guest.record = null;
      return;
  }
};

const recordExit = (exit: Extract<Action, { do: 'record-exit' }>['exit'], guest: Guest, agentEpoch: number): void => {
  const live = launchedBoot(guest.record);
  if (live === null || guest.record === null) return;
  const { bootId, bootEpoch } = live;
  const { kind, ...how } = exit;
  const boot =
    'cause' in how
      ? ({ bootId, bootEpoch, state: 'ended', ...how, agentEpoch } as const)
      : ({ bootId, bootEpoch, state: 'failed', ...how } as const);
  Object.assign(guest, { record: { ...guest.record, boot }, stopping: null, exit: null });
};

const pressPower = (cause: 'requested' | 'host-shutdown', guest: Guest, host: Host): void => {
  const { record } = guest;
  const boot = launchedBoot(record);
  if (record !== null && boot?.stopAsked === null) {
    guest.record = { ...record, boot: { ...boot, stopAsked: { cause, agentEpoch: host.agentEpoch() } } };
  }
  const now = host.now();
  guest.stopping = { since: guest.stopping?.since ?? now, pressedAt: now };
  // A guest that is still booting, or hangs, does not hear the button.
  if (guest.qemu !== null && guest.qemu.readyAt <= now && !host.random.chance(0.2)) {
    guest.qemu.endsAt ??= now + powerOffMs;
  }
};

const launch = (spec: DesiredSpec, boot: Boot, guest: Guest, host: Host): void => {
  if (guest.record === null) return;
  if (host.startsFail()) {
    const attempts = (guest.startFailure?.attempts ?? 0) + 1;
    guest.startFailure = { attempts, retryAt: host.now() + startRetryMs, code: 'start-failed', detail: startDetail };
    return;
  }
  guest.startFailure = null;
  host.onLaunch(guest.vmId, spec, boot);
  const launched = { state: 'launched', hostBootId: host.hostBootId(), sshHostKey: null, guestFailure: null } as const;
  guest.record = { ...guest.record, sshPort: 2_222, boot: { ...boot, ...launched, stopAsked: null } };
  const readyAt = host.now() + bootMs;
  guest.qemu = host.isCrasher(guest.vmId)
    ? { readyAt, endsAt: readyAt + host.random.between(500, crashAfterMaxMs), endsBy: 'guest-panic' }
    : { readyAt, endsAt: null, endsBy: 'guest-shutdown' };
};
