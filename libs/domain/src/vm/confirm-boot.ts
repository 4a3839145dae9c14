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
import { type SealedBoot, sayOlder } from './sealed-state.ts';
import type { Vm } from './state.ts';

type ConfirmBoot = Extract<VmCommand, { type: 'ConfirmBoot' }>;

/**
 * What the guest found once it had its volume open, before it goes on: the header, the number of this opening and the host
 * key it made. A guest says the number that it was given with the key when the volume is the one that was confirmed last,
 * and another when it is not: that is an event the first time (`VmRollbackSuspected` and nothing else, so nobody goes on)
 * and a refusal until its owner consents. Then it is told to write the number it was given (ADR-0038, ADR-0049).
 */
export const confirmBoot = (vm: Vm, command: ConfirmBoot): readonly VmEvent[] => {
  const { bootId, generation, minerId, appraisalId, appraisedAt, headerSha256, counter, sshHostKey, now } = command;
  const volume = sealedVolume(vm);
  assertCurrentBoot(vm, command);
  assertWanted(vm);
  const boot = specifiedBoot(vm);
  const { released } = boot;
  if (released === null) {
    throw new Refusal('boot-without-key', `boot ${bootId} of VM ${vm.vmId} was given no key, so it has no volume open`);
  }
  assertAffirming(vm, command);
  if (boot.confirmed !== null) return repeated(vm, command, boot, boot.confirmed);
  assertFresh(vm, appraisedAt, now);
  if (volume.headerSha256 !== null && volume.headerSha256 !== headerSha256) {
    throw new Refusal(
      'volume-header-other',
      `the volume of VM ${vm.vmId} has another header than the one it had; its miner has changed or exchanged it`,
      { observed: headerSha256, wanted: volume.headerSha256 },
    );
  }
  const isLatest = released.counter === null ? counter > volume.counter : counter === released.counter;
  if (!isLatest && !isConsented(boot, counter)) return older(vm, command, boot, volume.counter);
  const confirmed = { headerSha256, counter: released.counter ?? counter, sshHostKey };
  return [{ type: 'VmBootConfirmed', bootId, generation, minerId, appraisalId, ...confirmed }];
};

const repeated = (
  vm: Vm,
  { bootId, headerSha256, counter, sshHostKey }: ConfirmBoot,
  boot: SealedBoot,
  confirmed: NonNullable<SealedBoot['confirmed']>,
): readonly VmEvent[] => {
  // What was consented to is said again by a guest that has not heard yet which number to write.
  const isSameCounter =
    counter === confirmed.counter || (boot.released?.counter !== null && isConsented(boot, counter));
  if (confirmed.headerSha256 === headerSha256 && isSameCounter && confirmed.sshHostKey === sshHostKey) return [];
  throw new Refusal(
    'boot-confirmed-otherwise',
    `boot ${bootId} of VM ${vm.vmId} has confirmed its volume and host key, and now says otherwise; stop and start the VM for another boot`,
    { observed: counter, wanted: confirmed.counter },
  );
};

/** A guest that counted by itself and was started again while its owner decided had raised the counter once more. */
const isConsented = ({ rollback, released }: SealedBoot, counter: number): boolean =>
  rollback?.consented === true &&
  (counter === rollback.counter || (released?.counter === null && counter > rollback.counter));

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
    `the volume of VM ${vm.vmId} says it was ${sayOlder({ counter, expectedAbove })}: it may be an older copy; its owner allows it: hcc vm consent ${vm.vmId} --rollback`,
    { observed: counter, wanted: expectedAbove + 1 },
  );
};
