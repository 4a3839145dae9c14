import { describeVm, type ImageManifest, type Platform } from '#domain';
import { isoTime } from '#events';
import type { VmRow } from '../../projections/vms.projection.ts';

/** What a VM's view takes from elsewhere: its image's user and its miner's platform. */
export type Beside = { readonly manifest: ImageManifest | null; readonly platform: Platform | null };

/** A VM as its owner sees it. Two status words, each with its sentence; nothing is called confidential that is not. */
export const vmView = ({ vm, requestedAt, observedAt, revision }: VmRow, { manifest, platform }: Beside) => {
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
    generation: vm.generation,
    minerId: vm.placement?.minerId ?? null,
    bootEpoch: vm.boot?.bootEpoch ?? null,
    endpoint: vm.endpoint,
    sshHostKey: vm.sshHostKey,
    sshHostKeyAttested: false,
    waiting: vm.waiting === null ? null : { ...vm.waiting, deadlineAt: isoTime(vm.waiting.deadlineAt) },
    placementFailure: vm.placementFailure,
    platform,
    disk: { format: 'qcow2', sizeBytes: vm.size.diskBytes, encryption: 'none' },
    requestedAt,
    revision,
  };
};
