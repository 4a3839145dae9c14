import { createReadStream } from 'node:fs';
import {
  type CompiledImaPolicy,
  createImaVerifier,
  type ImaJudgedEntry,
  type ImaQuotedPcr,
  type ImaReplays,
  imaFormOf,
  type Verified,
} from '#attestation';
import { casePath, readCaseFile } from './case.ts';

export type ListRun = {
  readonly verified: Verified<unknown>;
  readonly entries: readonly ImaJudgedEntry[];
  readonly replays: ImaReplays;
};

/** One pass over the list of a case. The byte order of a binary list is what makes its first number 10. */
export const runList = async (
  dir: string,
  file: string,
  quote: 'unchecked' | readonly ImaQuotedPcr[],
  policy: CompiledImaPolicy,
): Promise<ListRun> => {
  const head = (await readCaseFile(dir, file)).subarray(0, 4);
  const entries: ImaJudgedEntry[] = [];
  const verifier = createImaVerifier({
    form: imaFormOf(head) ?? 'binary-little-endian',
    listBank: 'sha1',
    hashedAs: 'little-endian',
    banks: ['sha1', 'sha256', 'sha384', 'sha512'],
    paddedSha1: 'accepted',
    ...{ quote, policy, bootPcrs: 'unchecked', progress: 'first-round', firstEntry: 0 },
    onEntry: (entry) => entries.push(entry),
  });
  for await (const chunk of createReadStream(await casePath(dir, file))) verifier.push(Buffer.from(chunk));
  return { verified: verifier.finish(), entries, replays: verifier.replays() };
};
