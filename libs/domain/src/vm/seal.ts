import { Refusal, unreachable } from '../errors.ts';
import type { BootId } from '../values/ids.ts';
import type { UnixMs } from '../values/time.ts';
import type { VmCommand } from './commands.ts';
import { confirmBoot } from './confirm-boot.ts';
import { consentVm } from './consent.ts';
import type { VmEvent } from './events.ts';
import { keyDeadlineMs } from './limits.ts';
import { releaseKey } from './release-key.ts';
import { isCurrentBoot, sealedVolume } from './sealed-boot.ts';
import type { VmSealedCommand } from './sealed-commands.ts';
import type { Vm } from './state.ts';

type Sealed<Type extends VmSealedCommand['type']> = Extract<VmCommand, { type: Type }>;
export type SealedCommand = Sealed<VmSealedCommand['type']>;

/** Whatever is said of a disk that nobody but its guest can read. Refuses a plain VM by name. */
export const decideSealed = (vm: Vm, command: SealedCommand): readonly VmEvent[] => {
  switch (command.type) {
    case 'SpecifyBoot':
      return specifyBoot(vm, command);
    case 'ReleaseKey':
      return releaseKey(vm, command);
    case 'ConfirmBoot':
      return confirmBoot(vm, command);
    case 'ConsentVm':
      return consentVm(vm, command);
    case 'RecordKeyDestroyed':
      return recordKeyDestroyed(vm, command);
    default:
      return unreachable(command);
  }
};

/** That the guest of this boot waits for its key from now on. */
export const keyAwaited = (bootId: BootId, now: UnixMs): VmEvent => ({
  type: 'VmKeyAwaited',
  bootId,
  awaitedSince: now,
  deadlineAt: now + keyDeadlineMs,
});

/** Whether the guest's own evidence vouches for a host key that its miner reports. Refuses another key than that of a sealed VM. */
export const isAttestedHostKey = (vm: Vm, sshHostKey: string): boolean => {
  if (vm.volume === null) return false;
  const confirmed = vm.sealedBoot?.confirmed ?? null;
  if (confirmed?.sshHostKey === sshHostKey) return true;
  throw new Refusal(
    'ssh-host-key-other',
    `the miner of VM ${vm.vmId} reports SSH host key ${sshHostKey}, but ${
      confirmed === null
        ? 'the guest of this boot has confirmed none yet'
        : `its guest has confirmed ${confirmed.sshHostKey}`
    }; only a confirmed key counts`,
  );
};

/**
 * What is measured of the present boot, settled once: its key is released for this and nothing else. `[]` of a boot that is
 * the present one no more: whoever settles boots follows the log, and may come when the next one is there already.
 */
const specifyBoot = (vm: Vm, command: Sealed<'SpecifyBoot'>): readonly VmEvent[] => {
  const { type: _, now: __, ...specified } = command;
  const { confirmed } = sealedVolume(vm);
  if (vm.sealedBoot !== null || !isCurrentBoot(vm, specified)) return [];
  const { bootRevision, bootDigest, cmdline } = specified;
  const isOlder = confirmed !== null && bootRevision < confirmed.bootRevision;
  // One revision has one content: another one under the same number cannot be told from an older one.
  const isOther =
    confirmed !== null &&
    bootRevision === confirmed.bootRevision &&
    (bootDigest !== confirmed.bootDigest || cmdline !== confirmed.cmdline);
  return [{ type: 'VmBootSpecified', ...specified, consentNeeded: isOlder || isOther }];
};

/**
 * Said once the vault has overwritten the key. Refuses while anything of the VM may still want it. Nothing does from when its
 * owner has ended it, because that is final: not even its miner's word that the disk is gone is waited for.
 */
const recordKeyDestroyed = (vm: Vm, { keyVersion }: Sealed<'RecordKeyDestroyed'>): readonly VmEvent[] => {
  if (sealedVolume(vm).keyDestroyed) return [];
  if (vm.desired !== 'absent') {
    throw new Refusal(
      'vm-not-terminated',
      `VM ${vm.vmId} shall be ${vm.desired}; the key of a disk is destroyed once its owner has terminated the VM, and not before`,
      { observed: vm.desired, wanted: 'absent' },
    );
  }
  return [{ type: 'VmKeyDestroyed', keyVersion }];
};
