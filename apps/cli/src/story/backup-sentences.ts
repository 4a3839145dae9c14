import type { VmBackupEvent } from '#domain';
import { bytesText, shortId } from '../output/text.ts';

type Sentences = {
  readonly [Event in VmBackupEvent as Event['type']]: (event: Event) => string;
};

/** What happens to copies of a VM's disk, in words. */
export const backupSentences: Sentences = {
  VmBackupRequested: (e) => `backup ${shortId(e.backupId)} of its disk wanted`,
  VmBackupMade: (e) =>
    `backup ${shortId(e.backupId)} made: ${bytesText(e.bytes)} of ciphertext in ${e.chunks} chunks, ${bytesText(e.newBytes)} of them new`,
  VmBackupRemoved: (e) => `backup ${shortId(e.backupId)} removed`,
  VmBackupFailed: (e) => `backup ${shortId(e.backupId)} not made, ${e.code}: ${e.detail}`,
  VmRestoreRequested: (e) =>
    `wanted back as backup ${shortId(e.backupId)} has it, on miner ${shortId(e.minerId)} as generation ${e.generation}, which is asked for room`,
  VmRestoreRefused: (e) => `not restored, ${e.code}: ${e.detail}`,
  VmCopyRemoved: (e) => `miner ${shortId(e.minerId)} has removed what it had of generation ${e.generation}`,
};
