import { z } from 'zod';
import { isOlderVolume, needsConsent, type Vm } from '#domain';
import { bootId, consentKind, instant, isoTime, sha256Hex, volumeIntegrity } from '#events';

const sizeBytes = z.int();

export const vmDiskAnswer = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('plain').describe('Its miner can read it'),
      format: z.literal('qcow2'),
      sizeBytes,
      encryption: z.literal('none'),
    }),
    z.strictObject({
      kind: z.literal('luks2').describe('Only its attested guest and the vault of the network have its key'),
      format: z.literal('raw'),
      sizeBytes,
      encryption: z.literal('luks2'),
      cipher: z.literal('aes-xts-plain64'),
      keyBits: z.literal(512),
      pbkdf: z.literal('argon2id'),
      integrity: volumeIntegrity.describe('Without it, its miner can change single sectors unseen'),
      headerSha256: sha256Hex.nullable().describe('The LUKS2 header it must have; none before its first boot'),
      bootCounter: z.int().describe('The number of the opening that was confirmed last'),
      keyDestroyed: z.boolean(),
    }),
  ])
  .meta({ id: 'VmDisk' });

/** How a VM's disk is kept, in words that a program can rely on. */
export const vmDiskView = ({ volume, size: { diskBytes } }: Vm): z.input<typeof vmDiskAnswer> =>
  volume === null
    ? { kind: 'plain', format: 'qcow2', sizeBytes: diskBytes, encryption: 'none' }
    : {
        ...{ kind: 'luks2', format: 'raw', sizeBytes: diskBytes, encryption: 'luks2' },
        ...{ cipher: 'aes-xts-plain64', keyBits: 512, pbkdf: 'argon2id', integrity: volume.integrity },
        ...{ headerSha256: volume.headerSha256, bootCounter: volume.counter, keyDestroyed: volume.keyDestroyed },
      };

const states = ['being-specified', 'not-asked', 'awaiting-key', 'awaiting-consent', 'released', 'confirmed'] as const;

export const vmReleaseAnswer = z
  .strictObject({
    bootId,
    state: z.enum(states).describe('How far the guest of this boot is with the key of the disk'),
    consent: consentKind.nullable().describe('What its owner must allow before it goes on'),
    bootDigest: sha256Hex.nullable().describe('The boot image it may start'),
    awaitedSince: instant.nullable(),
    deadlineAt: instant.nullable().describe('When waiting for the key is too long; nothing is destroyed then'),
    mode: z.enum(['format', 'unlock']).nullable(),
    guestKeySha256: sha256Hex.nullable().describe('The one key of this boot that the disk key was sealed to'),
    releasedAt: instant.nullable(),
  })
  .meta({ id: 'VmRelease' });

/** How far the present boot is with its key; `null` of a plain VM, and before its first boot. */
export const vmReleaseView = (vm: Vm): z.input<typeof vmReleaseAnswer> | null => {
  const { volume, boot, sealedBoot, waiting } = vm;
  if (volume === null || boot === null) return null;
  const released = sealedBoot?.released ?? null;
  return {
    bootId: boot.bootId,
    state: stateOf(vm),
    consent: consentOf(vm),
    bootDigest: sealedBoot?.specified.bootDigest ?? null,
    awaitedSince: textOf(sealedBoot?.awaitedSince ?? null),
    deadlineAt: textOf(waiting?.for === 'key' ? waiting.deadlineAt : null),
    mode: released?.mode ?? null,
    guestKeySha256: released?.guestKeySha256 ?? null,
    releasedAt: textOf(released?.releasedAt ?? null),
  };
};

const stateOf = (vm: Vm): (typeof states)[number] => {
  if (vm.sealedBoot === null) return 'being-specified';
  if (vm.sealedBoot.confirmed !== null) return 'confirmed';
  if (consentOf(vm) !== null) return 'awaiting-consent';
  if (vm.sealedBoot.released !== null) return 'released';
  return vm.sealedBoot.awaitedSince === null ? 'not-asked' : 'awaiting-key';
};

const consentOf = (vm: Vm): 'launch' | 'rollback' | null => {
  if (needsConsent(vm)) return 'launch';
  return isOlderVolume(vm) ? 'rollback' : null;
};

const textOf = (at: number | null): string | null => (at === null ? null : isoTime(at));
