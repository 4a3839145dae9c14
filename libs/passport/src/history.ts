import type { VmEvent } from '#domain';
import { mebibytes, short } from './check.ts';
import type { Told } from './told.ts';

/** One thing that happened to the VM: the network's own word, in its order. */
export type Happening = {
  readonly at: string;
  readonly revision: number;
  readonly type: string;
  readonly actor: string;
  readonly text: string;
};

/** Every host and every change of what the VM is, of a stream that was read. Boots and their keys are told apart. */
export const historyOf = (told: readonly Told<VmEvent>[]): readonly Happening[] =>
  told.flatMap(({ event, recorded }) => {
    const text = saidOf(event);
    const { recordedAt: at, revision, type, actor } = recorded;
    return text === null ? [] : [{ at, revision, type, actor, text }];
  });

const saidOf = (event: VmEvent): string | null => {
  switch (event.type) {
    case 'VmRequested': {
      const { size, imageDigest, sshPublicKeys } = event;
      return `requested with ${size.vcpus} vCPUs, ${mebibytes(size.memoryBytes)} of memory, ${mebibytes(size.diskBytes)} of disk, image ${imageDigest.slice(0, 16)}, SSH keys: ${sshPublicKeys.length}`;
    }
    case 'VmVolumeChosen':
      return `its disk is LUKS2, integrity ${event.integrity}`;
    case 'VmPlaced':
      return `placed on miner ${event.minerId}, generation ${event.generation}`;
    case 'VmResized':
      return `resized on miner ${event.minerId} to ${event.size.vcpus} vCPUs, ${mebibytes(event.size.memoryBytes)} of memory, ${mebibytes(event.size.diskBytes)} of disk, generation ${event.generation}`;
    case 'VmSshKeysChanged':
      return `who may log in was changed, version ${event.keysVersion}; SSH keys: ${event.sshPublicKeys.length}`;
    case 'VmRestoreRequested':
      return `backup ${short(event.backupId)} is to be its disk, on miner ${event.minerId}, generation ${event.generation}`;
    case 'VmBackupMade':
      return `backup ${short(event.backupId)} made of its ciphertext, opening ${event.counter} the last of it by then`;
    case 'VmBackupRemoved':
      return `backup ${short(event.backupId)} removed`;
    case 'VmConsentGiven':
      return `its owner allowed boot ${short(event.bootId)} an older ${event.kind === 'rollback' ? 'disk' : 'start'}`;
    case 'VmRollbackSuspected':
      return `boot ${short(event.bootId)} showed an older disk`;
    case 'VmCopyRemoved':
      return `miner ${event.minerId} removed what it had of generation ${event.generation}`;
    case 'VmLost':
      return `miner ${event.minerId} was not heard of any more`;
    case 'VmRecovered':
      return `miner ${event.minerId} was heard of again`;
    case 'VmFailed':
      return `failed: ${event.code}`;
    case 'VmTerminated':
      return event.diskRemoved ? 'terminated, its disk removed' : 'terminated';
    case 'VmKeyDestroyed':
      return 'the key of its disk was destroyed';
    default:
      return null;
  }
};
