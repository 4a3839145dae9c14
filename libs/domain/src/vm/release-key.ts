import { Refusal } from '../errors.ts';
import type { VmCommand } from './commands.ts';
import type { VmEvent } from './events.ts';
import { bootDeadlineMs } from './limits.ts';
import {
  assertAffirming,
  assertCurrentBoot,
  assertFresh,
  assertWanted,
  sealedVolume,
  specifiedBoot,
} from './sealed-boot.ts';
import { needsConsent } from './sealed-state.ts';
import type { Vm } from './state.ts';

type ReleaseKey = Extract<VmCommand, { type: 'ReleaseKey' }>;

/**
 * The key of the disk, to one guest key of one boot. `[]` for the guest key that has it already: it is answered again,
 * since that tells nobody anything new. Refuses by name whatever is not the present boot of a VM that shall run, with a
 * fresh affirming verdict.
 */
export const releaseKey = (vm: Vm, command: ReleaseKey): readonly VmEvent[] => {
  const { bootId, generation, minerId, guestKeySha256, suite, appraisalId, appraisedAt, keyVersion, now } = command;
  const volume = sealedVolume(vm);
  assertCurrentBoot(vm, command);
  assertWanted(vm);
  const { released } = specifiedBoot(vm);
  if (volume.keyDestroyed) throw new Refusal('key-destroyed', `the key of the disk of VM ${vm.vmId} is destroyed`);
  assertAffirming(vm, command);
  assertSuite(vm, command);
  if (released?.guestKeySha256 === guestKeySha256) return [];
  if (released !== null) throw otherKey(vm, command, released.guestKeySha256);
  assertFresh(vm, appraisedAt, now);
  assertConsent(vm);
  const { headerSha256 } = volume;
  // A release is for one guest, which opens one copy of the volume once: no copy has the number of this opening yet.
  const counter = volume.highest + 1;
  return [
    {
      ...{ type: 'VmKeyReleased', bootId, generation, minerId, guestKeySha256, suite, appraisalId, appraisedAt },
      ...{ mode: headerSha256 === null ? 'format' : 'unlock', headerSha256, counter, keyVersion },
      ...{ releasedAt: now, deadlineAt: now + bootDeadlineMs },
    },
    ...imageKeyReleased(vm, command),
  ];
};

/** A disk that is filled already has no use for its image, and no guest gets the key of another one. */
const imageKeyReleased = (vm: Vm, { bootId, guestKeySha256, imageKey = null }: ReleaseKey): readonly VmEvent[] => {
  if (imageKey === null || sealedVolume(vm).headerSha256 !== null) return [];
  const { imageDigest, keyVersion } = imageKey;
  if (imageDigest === vm.imageDigest) {
    return [{ type: 'VmImageKeyReleased', bootId, guestKeySha256, imageDigest, keyVersion }];
  }
  throw new Error(`BUG: VM ${vm.vmId} is of image ${vm.imageDigest} and is given the key of ${imageDigest}`);
};

const assertSuite = (vm: Vm, { suite, allowClassical }: ReleaseKey): void => {
  if (suite === 'x-wing/hkdf-sha256/aes-256-gcm' || allowClassical) return;
  throw new Refusal(
    'suite-classical',
    `the guest of VM ${vm.vmId} asks for its key in ${suite}, which a quantum computer opens; start it with an image that knows x-wing, or publish a policy guest-boot that allows it`,
    { observed: suite, wanted: 'x-wing/hkdf-sha256/aes-256-gcm' },
  );
};

const assertConsent = (vm: Vm): void => {
  if (!needsConsent(vm)) return;
  throw new Refusal(
    'consent-needed',
    `VM ${vm.vmId} starts something older than last time; its owner allows it: hcc vm consent ${vm.vmId} --launch`,
  );
};

const otherKey = (vm: Vm, { bootId, guestKeySha256 }: ReleaseKey, has: string): Refusal =>
  new Refusal(
    'boot-key-other',
    `boot ${bootId} of VM ${vm.vmId} has given its key to guest key ${has.slice(0, 16)} and gives it to no other (${guestKeySha256.slice(0, 16)}); stop and start the VM for another boot`,
    { observed: guestKeySha256, wanted: has },
  );
