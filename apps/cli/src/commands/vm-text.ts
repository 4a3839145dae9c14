import type { VmView } from '../client/views.ts';
import { facts, fitted } from '../output/table.ts';
import { bytesText, shortId } from '../output/text.ts';
import { ageText, staleText, timeText } from '../output/time.ts';
import { platformText } from '../story/story.ts';

/** What stands between this VM and its host. */
export const protectionText = ({ platform }: VmView): string =>
  platform === null ? 'not placed yet' : `platform ${platformText(platform)}`;

/** One line per VM, both status words, and the age of what was seen; as much of it as fits. */
export const vmTable = (vms: readonly VmView[], now: number, columns: number | null): string =>
  fitted(
    { columns, optional: ['FLAVOR', 'MINER', 'SEEN', 'SSH'] },
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
    // What is seen often begins with the state's own word, which is said once.
    ['observed', wordsOf(vm.observed, vm.observedText)],
    ['observed at', timeText(vm.observedAt, now)],
    ...(vm.waiting === null ? [] : [['waiting', waitingText(vm.waiting, now)] as const]),
    ...(vm.placementFailure == null ? [] : [['no fit', countsText(vm.placementFailure)] as const]),
    ['size', `${vm.flavorId}: ${vm.size.vcpus} vCPU, ${bytesText(vm.size.memoryBytes)} memory`],
    ...(vm.resize == null
      ? []
      : [['resizing to', `${vm.resize.flavorId}, ${bytesText(vm.resize.size.diskBytes)} of disk`] as const]),
    ...(vm.resizeRefusal == null
      ? []
      : [['not resized', `${vm.resizeRefusal.code}: ${vm.resizeRefusal.detail}`] as const]),
    ['disk', diskText(vm.disk)],
    ...(vm.release == null ? [] : [['disk key', releaseText(vm.release, now)] as const]),
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

/** `stopped: it was asked to`, also where the sentence says `stopped` again. */
const wordsOf = (state: string, text: string): string =>
  text === state || text.startsWith(`${state}:`) || text.startsWith(`${state} `) ? text : `${state}: ${text}`;

/** `2 (version 3), in-effect: its guest lets in exactly these`. */
export const keysText = ({ fingerprints, version, state, text }: NonNullable<VmView['sshKeys']>): string =>
  `${fingerprints.length} (version ${version}), ${state}: ${text}`;

/** `1 GiB, LUKS2: aes-xts-plain64, 512-bit key, argon2id; integrity none; opened 3 times`. */
const diskText = (disk: VmView['disk']): string => {
  const { kind, format, sizeBytes, encryption, cipher, keyBits, pbkdf, integrity, bootCounter = 0 } = disk;
  if (kind !== 'luks2') return `${bytesText(sizeBytes)}, ${format}, encryption ${encryption} (its miner can read it)`;
  const opened = bootCounter === 1 ? 'once' : `${bootCounter} times`;
  return `${bytesText(sizeBytes)}, LUKS2: ${cipher}, ${keyBits}-bit key, ${pbkdf}; integrity ${integrity}; opened ${opened}`;
};

const releaseText = (release: NonNullable<VmView['release']>, now: number): string => {
  const { state, consent, mode, awaitedSince, deadlineAt, releasedAt, guestKeySha256 } = release;
  if (consent !== null) return `${state}: allow it with hcc vm consent --${consent}`;
  if (releasedAt !== null)
    return `${state}, to ${mode}, for guest key ${guestKeySha256?.slice(0, 8)}, ${timeText(releasedAt, now)}`;
  if (awaitedSince === null) return state;
  return `${state} since ${timeText(awaitedSince, now)}${deadlineAt === null ? '' : `, deadline ${timeText(deadlineAt, now)}`}`;
};

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
