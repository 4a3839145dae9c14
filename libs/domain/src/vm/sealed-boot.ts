import type { Tier } from '../appraisal/events.ts';
import { Refusal } from '../errors.ts';
import type { BootId, MinerId } from '../values/ids.ts';
import { secondMs, type UnixMs } from '../values/time.ts';
import { present } from './evolve.ts';
import { releaseAppraisalAgeMaxMs } from './limits.ts';
import type { SealedBoot, Volume } from './sealed-state.ts';
import type { Observed, Vm } from './state.ts';

/** The volume that nobody but the guest can read. Refuses a plain VM. */
export const sealedVolume = (vm: Vm): Volume => {
  if (vm.volume !== null) return vm.volume;
  throw new Refusal('vm-not-sealed', `VM ${vm.vmId} has a plain disk, which its miner can read; there is no key of it`);
};

type WhichBoot = { readonly generation: number; readonly bootId: BootId; readonly minerId?: MinerId };

/** Refuses whoever speaks of another placement, of another boot, or of one that is over. */
export const assertCurrentBoot = (vm: Vm, which: WhichBoot): void => {
  const refusal = whyNotCurrent(vm, which);
  if (refusal !== null) throw refusal;
};

/** Whether this is the present boot of the VM, and not over. */
export const isCurrentBoot = (vm: Vm, which: WhichBoot): boolean => whyNotCurrent(vm, which) === null;

const whyNotCurrent = (vm: Vm, { generation, bootId, minerId }: WhichBoot): Refusal | null => {
  const { placement, boot } = vm;
  if (placement?.generation !== generation || (minerId !== undefined && placement.minerId !== minerId)) {
    const holder =
      placement === null ? 'no miner' : `miner ${placement.minerId} with generation ${placement.generation}`;
    return new Refusal(
      'stale-generation',
      `generation ${generation} of VM ${vm.vmId}${minerId === undefined ? '' : ` on miner ${minerId}`} is not the one that counts: ${holder} holds it`,
    );
  }
  if (boot?.bootId !== bootId || boot.generation !== generation) {
    return new Refusal(
      'boot-not-current',
      `boot ${bootId} of VM ${vm.vmId} is not its present one, which is ${boot?.bootId ?? 'none'}; only that one counts`,
      { observed: bootId, wanted: boot?.bootId ?? 'none' },
    );
  }
  if (isLive(present(vm).observed) && vm.exit?.bootId !== bootId) return null;
  return new Refusal('boot-over', `boot ${bootId} of VM ${vm.vmId} is over (it is ${vm.observed}); start it again`, {
    observed: vm.observed,
  });
};

const isLive = (observed: Observed): boolean => liveStates.has(observed);

const liveStates: ReadonlySet<Observed> = new Set<Observed>([
  'awaiting-boot',
  'starting',
  'awaiting-key',
  'running',
  'stopping',
  'terminating',
]);

/** What the present boot may start. Refuses one of which that is not settled yet. */
export const specifiedBoot = (vm: Vm): SealedBoot => {
  if (vm.sealedBoot !== null) return vm.sealedBoot;
  throw new Refusal(
    'boot-not-specified',
    `it is not settled yet what boot ${vm.boot?.bootId ?? 'none'} of VM ${vm.vmId} may start; ask again in a moment`,
  );
};

/** Refuses a VM that shall not run. */
export const assertWanted = (vm: Vm): void => {
  if (vm.desired === 'running') return;
  throw new Refusal('vm-not-wanted', `VM ${vm.vmId} shall be ${vm.desired}; it is given nothing to run with`, {
    observed: vm.desired,
    wanted: 'running',
  });
};

/** Refuses a verdict that is anything but affirming: `none` and `warning` release nothing. */
export const assertAffirming = (vm: Vm, { tier, appraisalId }: { tier: Tier; appraisalId: string }): void => {
  if (tier === 'affirming') return;
  throw new Refusal(
    'appraisal-not-affirming',
    `appraisal ${appraisalId} of the guest of VM ${vm.vmId} is ${tier}, and only affirming counts; its refusals say why`,
    { observed: tier, wanted: 'affirming' },
  );
};

/** Refuses a verdict that was kept for later, or that comes from a clock far ahead of ours. */
export const assertFresh = (vm: Vm, appraisedAt: UnixMs, now: UnixMs): void => {
  if (Math.abs(now - appraisedAt) <= releaseAppraisalAgeMaxMs) return;
  throw new Refusal(
    'appraisal-too-old',
    `the appraisal of the guest of VM ${vm.vmId} is ${Math.round((now - appraisedAt) / secondMs)} s old and may be ${releaseAppraisalAgeMaxMs / secondMs} s; let the guest attest anew`,
    { observed: now - appraisedAt, max: releaseAppraisalAgeMaxMs },
  );
};
