import { z } from 'zod';
import { describeVm, type ImageManifest, type Platform, sshKeysStatus } from '#domain';
import {
  accountId,
  imageDigest,
  instant,
  isoTime,
  minerId,
  platform,
  restartPolicy,
  revision,
  size,
  sshEndpoint,
  vmId,
  waitingFor,
} from '#events';
import type { VmRow } from '../../projections/vms.projection.ts';
import { asOf } from '../schemas/moments.ts';
import { type StaleView, staleAnswer } from './stale.view.ts';
import { vmDiskAnswer, vmDiskView, vmReleaseAnswer, vmReleaseView } from './vm-disk.view.ts';
import { sshKeysAnswer, sshKeysView } from './vm-ssh-keys.view.ts';

/** What a VM's view takes from elsewhere: its image's user, its miner's platform, and whether its stream is followed. */
export type Beside = {
  readonly manifest: ImageManifest | null;
  readonly platform: Platform | null;
  readonly stale: StaleView;
};

export const desired = z.enum(['running', 'stopped', 'absent']);
export const observed = z.enum([
  'awaiting-admission',
  'refused',
  'awaiting-placement',
  'awaiting-reservation',
  'awaiting-boot',
  'starting',
  'awaiting-key',
  'running',
  'stopping',
  'resizing',
  'backing-up',
  'restoring',
  'stopped',
  'failed',
  'lost',
  'terminating',
  'terminated',
]);

export const vmAnswer = z
  .strictObject({
    vmId,
    accountId,
    name: z.string(),
    flavorId: z.string(),
    size,
    imageDigest,
    sshUser: z.string(),
    restartPolicy,
    desired: desired.describe('What its owner wants'),
    desiredText: z.string(),
    observed: observed.describe('What is, as far as anybody has said'),
    observedText: z.string(),
    observedAt: instant.describe('When somebody last said something about what is'),
    generation: z.int().describe('Rises with every placement and every resize; an older one counts for nothing'),
    minerId: minerId.nullable(),
    bootEpoch: z.int().nullable(),
    endpoint: sshEndpoint.nullable(),
    sshHostKey: z.string().nullable(),
    sshHostKeyAttested: z.boolean().describe('Whether anything but the miner vouches for the host key'),
    waiting: z.strictObject({ for: waitingFor, deadlineAt: instant, passed: z.boolean() }).nullable(),
    placementFailure: z
      .record(z.string(), z.int())
      .readonly()
      .nullable()
      .describe('Why no miner fits: how many lack what'),
    resize: z
      .strictObject({ flavorId: z.string(), size })
      .nullable()
      .describe('The size it shall have, while its account and its miner are asked'),
    resizeRefusal: z
      .strictObject({ code: z.string(), detail: z.string() })
      .nullable()
      .describe('Why the last resize came to nothing'),
    sshKeys: sshKeysAnswer,
    platform: platform.nullable(),
    disk: vmDiskAnswer,
    release: vmReleaseAnswer.nullable(),
    requestedAt: instant,
    revision,
    stale: staleAnswer.nullable(),
    asOf: asOf.optional(),
  })
  .meta({ id: 'Vm' });

/** A VM as its owner sees it. Two status words, each with its sentence; nothing is called confidential that is not. */
export const vmView = (
  { vm, requestedAt, observedAt, revision }: VmRow,
  { manifest, platform, stale }: Beside,
): z.input<typeof vmAnswer> => {
  const texts = describeVm(vm);
  return {
    vmId: vm.vmId,
    accountId: vm.accountId,
    name: vm.name,
    flavorId: vm.flavorId,
    size: vm.size,
    imageDigest: vm.imageDigest,
    sshUser: manifest?.sshUser ?? 'root',
    restartPolicy: vm.restartPolicy,
    desired: vm.desired,
    desiredText: texts.desired,
    observed: vm.observed,
    observedText: texts.observed,
    observedAt,
    generation: vm.placement?.generation ?? vm.generation,
    minerId: vm.placement?.minerId ?? null,
    bootEpoch: vm.boot?.bootEpoch ?? null,
    endpoint: vm.endpoint,
    sshHostKey: vm.sshHostKey,
    sshHostKeyAttested: vm.sshHostKeyAttested,
    waiting: vm.waiting === null ? null : { ...vm.waiting, deadlineAt: isoTime(vm.waiting.deadlineAt) },
    placementFailure: vm.placementFailure,
    resize: vm.resize === null ? null : { flavorId: vm.resize.flavorId, size: vm.resize.size },
    resizeRefusal: vm.resizeRefusal,
    sshKeys: sshKeysView(vm, sshKeysStatus(vm)),
    platform,
    disk: vmDiskView(vm),
    release: vmReleaseView(vm),
    requestedAt,
    revision,
    stale,
  };
};
