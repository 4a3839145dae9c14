import type { DesiredSpec } from '#domain';
import type { Guest, Host, Qemu } from '../guest.ts';
import { createLife } from '../life.ts';
import { bootGuest } from './guest-boot.ts';
import { launchOf } from './launched.ts';
import { reportOf } from './silicon.ts';

/** Starts the guest of a sealed VM: it attests, gets its key and goes on, or says why not and powers off. */
export const startSealed = (guest: Guest, spec: DesiredSpec, qemu: Qemu, host: Host): void => {
  const launch = launchOf(spec);
  if (launch === null) return;
  const life = createLife(`guest ${spec.vmId}`, () => undefined);
  // Not ready, whatever time it is, before its guest says so.
  Object.assign(qemu, { life, readyAt: Number.POSITIVE_INFINITY, hostKey: null });
  const { minerId, relay, random, time, witness } = host;
  const booted = bootGuest({
    ...{ life, clock: time.clockOf(life, () => 0), random, minerId, witness, bootSpec: launch.bootSpec },
    report: (reportData) => reportOf(minerId, launch, reportData),
    ask: relay.askOf(spec.vmId),
    volume: {
      get: () => guest.volume,
      set: (volume) => {
        guest.volume = volume;
        guest.oldVolumes = [...guest.oldVolumes.slice(-oldVolumesMax + 1), volume];
      },
    },
  });
  booted.then(
    (hostKey) => Object.assign(qemu, { hostKey, readyAt: host.now() }),
    (error: unknown) => {
      Object.assign(qemu, { endsAt: host.now(), endsBy: 'guest-shutdown' });
      // Its last words, if anybody is there to hear them.
      if (relay.isUp()) qemu.lastWords = wordsOf(error);
    },
  );
};

/** Copies of a disk that a host keeps, to bring one back. */
const oldVolumesMax = 4;

const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? `${error.code}: ${error.message}` : String(error.stack);
};
