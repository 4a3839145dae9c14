import { z } from 'zod';
import type { SshKeysStatus, Vm } from '#domain';
import { fingerprintOfKey } from '../ssh-fingerprint.ts';

export const sshKeysAnswer = z.strictObject({
  fingerprints: z.array(z.string()).describe('Of the keys that it lets in, or shall'),
  version: z.int().describe('Rises with every change'),
  state: z
    .enum(['in-effect', 'waiting-for-guest', 'next-boot'])
    .describe('Whether the guest that runs has these, has not said so yet, or the next boot will have them'),
  text: z.string(),
});

/** A VM's SSH keys, and where they count. */
export const sshKeysView = (vm: Vm, { state, text }: SshKeysStatus): z.input<typeof sshKeysAnswer> => ({
  fingerprints: vm.sshPublicKeys.map(fingerprintOfKey),
  version: vm.keysVersion,
  state,
  text,
});
