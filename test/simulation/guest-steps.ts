import type { DesiredSpec } from '#domain';
import {
  type Boot,
  diskKindOf,
  type LocalDisk,
  launchedBoot,
  type nextStep,
} from '../../apps/miner-node/src/converge/index.ts';
import { endQemu, type Guest, type Host } from './guest.ts';
import { beginCopy, recordCopy } from './moving/copying.ts';
import { startSealed } from './sealed/start-guest.ts';

const bootMs = 4_000;
const powerOffMs = 2_000;
const crashAfterMaxMs = 10_000;
const startRetryMs = 5_000;
/** How the reason of a start that failed begins. */
export const startDetail = 'simulated: QEMU does not start';

type Action = Exclude<ReturnType<typeof nextStep>, { do: 'none' | 'wait' }>;

/** Does the one thing that the agent's own policy says. */
export const takeStep = (step: Action, guest: Guest, host: Host): void => {
  const { record } = guest;
  if (record === null) return;
  const agentEpoch = host.agentEpoch();
  switch (step.do) {
    case 'record-exit':
      recordExit(step.exit, guest, agentEpoch);
      return;
    case 'prepare-disk':
      guest.record = { ...record, disk: diskOf(step.spec) };
      Object.assign(guest, { volume: null, oldVolumes: [] });
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
      endQemu(guest);
      return;
    case 'begin-copy':
      beginCopy(step.copy, guest, host);
      return;
    case 'stop-copy':
      guest.copying = null;
      return;
    case 'record-copy':
      recordCopy(guest, host);
      return;
    case 'remove':
      host.onRemove(guest.vmId, record.spec.generation);
      Object.assign(guest, { record: null, volume: null, oldVolumes: [] });
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
  const told = { ...launched, ...(spec.sealed && { bootSpec: spec.sealed.bootSpec }) };
  guest.record = { ...guest.record, sshPort: 2_222, boot: { ...boot, ...told, stopAsked: null } };
  const readyAt = host.now() + bootMs;
  const [endsAt, endsBy] = host.isCrasher(guest.vmId)
    ? ([readyAt + host.random.between(500, crashAfterMaxMs), 'guest-panic'] as const)
    : ([null, 'guest-shutdown'] as const);
  const hostKey = `ssh-ed25519 ${guest.vmId}`;
  guest.qemu = { readyAt, endsAt, endsBy, hostKey, lastWords: null, life: null, keysVersion: spec.keysVersion };
  startSealed(guest, spec, guest.qemu, host);
};

const diskOf = (spec: DesiredSpec): LocalDisk => ({
  ...{ imageDigest: spec.imageDigest, diskBytes: spec.size.diskBytes, kind: diskKindOf(spec) },
});
