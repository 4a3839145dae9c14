import { sshKeysMax } from '../account/limits.ts';
import { Refusal } from '../errors.ts';
import type { VmCommand } from './commands.ts';
import type { VmEvent } from './events.ts';
import { isUp, present } from './evolve.ts';
import type { Vm } from './state.ts';

type ChangeVmSshKeys = Extract<VmCommand, { type: 'ChangeVmSshKeys' }>;

/** Changes who may log in. Refuses to leave nobody, and more keys than an account may have. */
export const changeSshKeys = (vm: Vm, { set, add, remove }: ChangeVmSshKeys): readonly VmEvent[] => {
  const sshPublicKeys = [...new Set([...(set ?? vm.sshPublicKeys), ...add])].filter((key) => !remove.includes(key));
  const isSame =
    sshPublicKeys.length === vm.sshPublicKeys.length && sshPublicKeys.every((key) => vm.sshPublicKeys.includes(key));
  if (isSame) return [];
  if (sshPublicKeys.length === 0) {
    throw new Refusal('ssh-key-required', `VM ${vm.vmId} would let nobody in; leave it at least one SSH key`);
  }
  if (sshPublicKeys.length > sshKeysMax) {
    throw new Refusal(
      'too-many-ssh-keys',
      `VM ${vm.vmId} would have ${sshPublicKeys.length} SSH keys and may have ${sshKeysMax}; remove some`,
      { observed: sshPublicKeys.length, max: sshKeysMax },
    );
  }
  return [{ type: 'VmSshKeysChanged', keysVersion: vm.keysVersion + 1, sshPublicKeys }];
};

/** Where the VM's newest SSH keys count: in the guest that runs, not there yet, or from the next boot on. */
export type SshKeysStatus = {
  readonly state: 'in-effect' | 'waiting-for-guest' | 'next-boot';
  readonly text: string;
};

/** Says of the keys only what is known: a guest has them when it began with them, or has said so. */
export const sshKeysStatus = (vm: Vm): SshKeysStatus => {
  const { observed } = present(vm);
  if (isUp(observed)) {
    if (vm.keysPending) {
      const silent = vm.observed === 'lost' ? 'its miner is not heard' : 'its guest has not confirmed them';
      return {
        state: 'waiting-for-guest',
        text: `changed while it is up, and ${silent} yet; its next boot has them in any case`,
      };
    }
    return observed === 'running'
      ? { state: 'in-effect', text: 'its guest lets in exactly these; sessions that are open stay open' }
      : { state: 'in-effect', text: 'its guest gets these as it boots' };
  }
  return { state: 'next-boot', text: 'it does not run: these count from its next boot on' };
};
