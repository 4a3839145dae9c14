import { z } from 'zod';
import type { VmSealedEvent } from '#domain';
import type { Upcaster } from '../codec.ts';
import { bootId, count, imageDigest, instant, longText, minerId, sha256Hex, shortText, sshKeyText } from './values.ts';
import type { EventSchemas } from './vm.ts';

export const volumeIntegrity = z.enum(['none', 'hmac-sha256']);
export const keySuite = z.enum(['x-wing/hkdf-sha256/aes-256-gcm', 'x25519/hkdf-sha256/aes-256-gcm']);
export const consentKind = z.enum(['rollback', 'launch']);

/** SHA-384 of a launch, as the processor measures it. */
export const launchDigest = z.string().regex(/^[0-9a-f]{96}$/, 'expected 96 lower-case hex digits of a SHA-384');
/** A boot spec is seven short fields; a kernel takes at most 2 KiB of command line. */
export const bootSpecText = longText;
export const kernelCommandLine = z.string().max(2_048);

const appraisal = { appraisalId: shortText };
const boot = { bootId, generation: count, minerId };

/** Stored form of what happens to a VM whose disk nobody but its guest can read. */
export const vmSealedEvents = {
  VmVolumeChosen: z.strictObject({ integrity: volumeIntegrity }),
  VmBootSpecified: z.strictObject({
    bootId,
    generation: count,
    bootSpec: bootSpecText,
    bootDigest: sha256Hex,
    bootRevision: count,
    kernelSha256: sha256Hex,
    initrdSha256: sha256Hex,
    baseRootHash: sha256Hex,
    cmdline: kernelCommandLine,
    launchDigests: z.array(launchDigest).min(1).max(8),
    consentNeeded: z.boolean(),
  }),
  VmKeyAwaited: z.strictObject({ bootId, awaitedSince: instant, deadlineAt: instant }),
  VmKeyReleased: z.strictObject({
    ...boot,
    guestKeySha256: sha256Hex,
    suite: keySuite,
    ...appraisal,
    appraisedAt: instant,
    mode: z.enum(['format', 'unlock']),
    headerSha256: sha256Hex.nullable(),
    counter: count.nullable(),
    keyVersion: count,
    releasedAt: instant,
    deadlineAt: instant,
  }),
  VmImageKeyReleased: z.strictObject({ bootId, guestKeySha256: sha256Hex, imageDigest, keyVersion: count }),
  VmBootConfirmed: z.strictObject({
    ...boot,
    ...appraisal,
    headerSha256: sha256Hex,
    counter: count,
    sshHostKey: sshKeyText,
  }),
  VmRollbackSuspected: z.strictObject({ bootId, counter: count, expectedAbove: count }),
  VmConsentGiven: z.strictObject({ kind: consentKind, bootId, counter: count.nullable() }),
  VmKeyDestroyed: z.strictObject({ keyVersion: count }),
} satisfies EventSchemas<VmSealedEvent>;

/** Guests that were released a key by version 1 of VmKeyReleased counted by themselves. */
export const vmSealedUpcasters: readonly Upcaster[] = [
  { type: 'VmKeyReleased', from: 1, up: (data) => ({ ...data, counter: null }) },
];
