import { Refusal } from '../errors.ts';
import type { VmCommand } from './commands.ts';
import type { VmEvent } from './events.ts';
import {
  assertAffirming,
  assertCurrentBoot,
  assertFresh,
  assertWanted,
  sealedVolume,
  specifiedBoot,
} from './sealed-boot.ts';
import type { SealedBoot } from './sealed-state.ts';
import type { Vm } from './state.ts';

type ConfirmBoot = Extract<VmCommand, { type: 'ConfirmBoot' }>;

/**
 * What the guest found once it had its volume open, before it goes on: the header, the counter it has raised and the
 * host key it made. A counter that is not above the last one is an older copy: that is an event the first time
 * (`VmRollbackSuspected` and nothing else, so nobody goes on) and a refusal until its owner consents (ADR-0038).
 */
export const confirmBoot = (vm: Vm, command: ConfirmBoot): readonly VmEvent[] => {
  const { bootId, generation, minerId, appraisalId, appraisedAt, headerSha256, counter, sshHostKey, now } = command;
  const volume = sealedVolume(vm);
  assertCurrentBoot(vm, command);
  assertWanted(vm);
  const boot = specifiedBoot(vm);
  if (boot.released === null) {
    throw new Refusal('boot-without-key', `boot ${bootId} of VM ${vm.vmId} was given no key, so it has no volume open`);
  }
  assertAffirming(vm, command);
  if (boot.confirmed !== null) return repeated(vm, command, boot.confirmed);
  assertFresh(vm, appraisedAt, now);
  if (volume.headerSha256 !== null && volume.headerSha256 !== headerSha256) {
    throw new Refusal(
      'volume-header-other',
      `the volume of VM ${vm.vmId} has another header than the one it had; its miner has changed or exchanged it`,
      { observed: headerSha256, wanted: volume.headerSha256 },
    );
  }
  if (counter <= volume.counter && !isConsented(boot, counter)) return older(vm, command, boot, volume.counter);
  const seen = { headerSha256, counter, sshHostKey };
  return [{ type: 'VmBootConfirmed', bootId, generation, minerId, appraisalId, ...seen }];
};

const repeated = (
  vm: Vm,
  { bootId, headerSha256, counter, sshHostKey }: ConfirmBoot,
  confirmed: NonNullable<SealedBoot['confirmed']>,
): readonly VmEvent[] => {
  const isSame =
    confirmed.headerSha256 === headerSha256 && confirmed.counter === counter && confirmed.sshHostKey === sshHostKey;
  if (isSame) return [];
  throw new Refusal(
    'boot-confirmed-otherwise',
    `boot ${bootId} of VM ${vm.vmId} has confirmed its volume and host key, and now says otherwise; stop and start the VM for another boot`,
    { observed: counter, wanted: confirmed.counter },
  );
};

/** A guest that is started again while its owner decides has raised the counter once more; one below is older still. */
const isConsented = ({ rollback }: SealedBoot, counter: number): boolean =>
  rollback?.consented === true && counter >= rollback.counter;

const older = (
  vm: Vm,
  { bootId, counter }: ConfirmBoot,
  { rollback }: SealedBoot,
  expectedAbove: number,
): readonly VmEvent[] => {
  // Only a higher value is news, so one boot can say it no more often than it was opened.
  if (rollback === null || counter > rollback.counter) {
    return [{ type: 'VmRollbackSuspected', bootId, counter, expectedAbove }];
  }
  throw new Refusal(
    'volume-older',
    `the volume of VM ${vm.vmId} says it was opened ${counter} times and more than ${expectedAbove} is wanted: it may be an older copy; its owner allows it: hcc vm consent ${vm.vmId} --rollback`,
    { observed: counter, wanted: expectedAbove + 1 },
  );
};
