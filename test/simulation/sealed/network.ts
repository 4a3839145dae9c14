import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { bootDigestOf, type GuestBootPolicy, simulatedSnpPolicy } from '#attestation';
import type { ImageDigest, ImageManifest, PolicyDocument } from '#domain';
import type { BootTerms } from '../../../apps/orchestrator/src/processes/vm-boots.process.ts';

/** The network that simulated guests are measured with, the same in every run: its key and its id are in the log. */
export const network = { id: '11111111-1111-4111-8111-111111111111', kind: 'simulated' } as const;

export const digestOf = (...parts: readonly string[]): Buffer => createHash('sha256').update(parts.join('\n')).digest();
const hexOf = (...parts: readonly string[]): string => digestOf(...parts).toString('hex');

export const networkKey = createPrivateKey({
  ...{ key: digestOf('network key'), format: 'raw-private', asymmetricKeyType: 'ed25519' },
});
export const networkPublicKey: Uint8Array = createPublicKey(networkKey).export({ format: 'raw-public' });

export const bootTerms: BootTerms = {
  ...{ network, networkKey: networkPublicKey },
  simulated: { launchDigest: (inputs) => createHash('sha384').update(JSON.stringify(inputs)).digest('hex') },
};

export const sealedImage = 'ab'.repeat(32) as ImageDigest;

const file = (name: string) => ({ sha256: hexOf('file', name), bytes: 4_096 });

export const sealedImageManifest: ImageManifest = {
  ...{ manifestVersion: 2, name: 'simulated', version: '1', architecture: 'amd64', cmdline: 'quiet', sshUser: 'root' },
  ...{ kernel: file('kernel'), initrd: file('initrd'), rootfs: file('rootfs'), minMemoryBytes: 0, packages: [] },
  verity: { rootHash: 'cd'.repeat(32), salt: 'ef'.repeat(32), dataBlocks: 1_024, tree: file('tree') },
};

/** Boot images that there may be. */
export const bootRevisionsMax = 4;

/** What owners' VMs are started with while `newest` is the newest boot image. Older ones stay good. */
export const guestBootPolicy = (newest: number): GuestBootPolicy => ({
  ...{ version: 1, snp: simulatedSnpPolicy, allowClassical: false },
  // Longer than a release may be old: what limits that shall be seen, and not a result that has expired.
  maxAgeMs: 300_000,
  boots: Array.from({ length: newest }, (_, index) => {
    const files = { kernelSha256: hexOf('boot kernel', `${index}`), initrdSha256: hexOf('boot initrd', `${index}`) };
    return {
      ...{ name: `boot ${index + 1}`, revision: index + 1, bootDigest: bootDigestOf(files), ...files },
      firmware: { kind: 'simulated', launchDigest: 'aa'.repeat(48) },
      ...{ cmdlineExtra: '', vcpuType: 'simulated' },
    };
  }),
});

/** Publishes it, as an operator does. */
export const publishBoots = (newest: number) => {
  const document: PolicyDocument = guestBootPolicy(newest);
  const sha256 = hexOf(JSON.stringify(document));
  const what = { name: 'guest-boot', sha256, document, reason: 'simulated', follows: null };
  return { type: 'PublishPolicy', ...what } as const;
};
