import type { DesiredSpec } from '#domain';
import { type Facts, launchedBoot, nextStep } from '../../apps/miner-node/src/converge/index.ts';
import { endQemu, type Guest, type Host, type Qemu } from './guest.ts';
import { takeStep } from './guest-steps.ts';

const stepsMax = 16;

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
      isAsking: guest.qemu !== null && guest.qemu.life !== null && guest.qemu.hostKey === null,
      copying: guest.copying && { copy: guest.copying.copy, isOver: guest.copying.overAt <= host.now() },
    };
    const step = nextStep(guest.record, guest.fresh, facts);
    if (step.do === 'none' || step.do === 'wait') return;
    takeStep(step, guest, host);
  }
  throw new Error(`the agent's policy does not settle for VM ${guest.vmId}`);
};

/** Time passes for QEMU: a guest gets ready, or ends. */
const live = (guest: Guest, host: Host): void => {
  const { qemu, record } = guest;
  if (qemu === null) return;
  const now = host.now();
  const boot = launchedBoot(record);
  const { hostKey, lastWords } = qemu;
  if (record !== null && boot !== null && lastWords !== null && boot.guestFailure === null) {
    const said = { guestFailure: lastWords, guestFailureCode: 'guest-stopped' };
    guest.record = { ...record, boot: { ...boot, ...said } };
  }
  if (qemu.endsAt !== null && qemu.endsAt <= now) {
    guest.exit = { reason: qemu.endsBy, detail: 'simulated' };
    endQemu(guest);
    return;
  }
  if (record === null || boot === null || qemu.readyAt > now) return;
  if (boot.sshHostKey === null) guest.record = { ...record, boot: { ...boot, sshHostKey: hostKey } };
  else if (hasNewKeys(qemu, record.spec, boot.keysVersion)) {
    qemu.keysVersion = record.spec.keysVersion;
    guest.record = { ...record, boot: { ...boot, keysVersion: record.spec.keysVersion } };
  }
};

/** Whether it has keys that it has not said yet: a guest says which when it is ready, and when others came. */
const hasNewKeys = (qemu: Qemu, { keysVersion }: DesiredSpec, said: number | undefined): boolean =>
  qemu.keysVersion !== keysVersion || said !== keysVersion;
