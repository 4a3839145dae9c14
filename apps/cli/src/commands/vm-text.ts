import type { VmView } from '../client/views.ts';
import { facts, table } from '../output/table.ts';
import { bytesText, shortId } from '../output/text.ts';
import { ageText, staleText, timeText } from '../output/time.ts';
import { platformText } from '../story/story.ts';

/** What stands between this VM and its host. */
export const protectionText = ({ platform }: VmView): string =>
  platform === null ? 'not placed yet' : `platform ${platformText(platform)}`;

/** One line per VM, both status words, and the age of what was seen. */
export const vmTable = (vms: readonly VmView[], now: number): string =>
  table(
    ['ID', 'NAME', 'DESIRED', 'OBSERVED', 'SEEN', 'FLAVOR', 'MINER', 'SSH', 'PROTECTION'],
    vms.map((vm) => [
      shortId(vm.vmId),
      vm.name,
      vm.desired,
      vm.stale == null ? vm.observed : `${vm.observed} (STALE)`,
      vm.observedAt === null ? '-' : ageText(Date.parse(vm.observedAt), now),
      vm.flavorId,
      vm.minerId === null ? '-' : shortId(vm.minerId),
      vm.endpoint === null ? '-' : `${vm.endpoint.host}:${vm.endpoint.port}`,
      protectionText(vm),
    ]),
  );

/** Everything about one VM. */
export const vmFacts = (vm: VmView, now: number): string =>
  facts([
    ['vm', `${vm.name} (${vm.vmId})`],
    ...(vm.stale == null ? [] : [['STALE', staleText(vm.stale, now)] as const]),
    ['desired', `${vm.desired}: ${vm.desiredText}`],
    ['observed', `${vm.observed}: ${vm.observedText}`],
    ['observed at', timeText(vm.observedAt, now)],
    ...(vm.waiting === null ? [] : [['waiting', waitingText(vm.waiting, now)] as const]),
    ...(vm.placementFailure == null ? [] : [['no fit', countsText(vm.placementFailure)] as const]),
    ['size', `${vm.flavorId}: ${vm.size.vcpus} vCPU, ${bytesText(vm.size.memoryBytes)} memory`],
    ...(vm.resize == null ? [] : [['resizing to', vm.resize.flavorId] as const]),
    ...(vm.resizeRefusal == null
      ? []
      : [['not resized', `${vm.resizeRefusal.code}: ${vm.resizeRefusal.detail}`] as const]),
    ['disk', `${vm.disk.format}, ${bytesText(vm.disk.sizeBytes)}, encryption ${vm.disk.encryption}`],
    ['image', vm.imageDigest],
    ['miner', vm.minerId ?? '-'],
    ['protection', protectionText(vm)],
    ['generation', `${vm.generation}, boot ${vm.bootEpoch ?? '-'}`],
    ['ssh', vm.endpoint === null ? '-' : `${vm.sshUser}@${vm.endpoint.host} port ${vm.endpoint.port}`],
    ['host key', hostKeyText(vm)],
    ...(vm.sshKeys == null ? [] : [['ssh keys', keysText(vm.sshKeys)] as const]),
    ['account', vm.accountId],
    ['requested', timeText(vm.requestedAt, now)],
  ]);

/** `2 (version 3), in-effect: its guest lets in exactly these`. */
export const keysText = ({ fingerprints, version, state, text }: NonNullable<VmView['sshKeys']>): string =>
  `${fingerprints.length} (version ${version}), ${state}: ${text}`;

const waitingText = (waiting: NonNullable<VmView['waiting']>, now: number): string =>
  `for ${waiting.for}, deadline ${timeText(waiting.deadlineAt, now)}${waiting.passed ? ', PASSED' : ''}`;

const hostKeyText = (vm: VmView): string => {
  if (vm.sshHostKey === null) return '-';
  return `${vm.sshHostKey} (${vm.sshHostKeyAttested ? 'attested' : 'UNATTESTED: only the miner says so'})`;
};

/** `memory 2, lost 1`: how many miners lack what. */
const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');
