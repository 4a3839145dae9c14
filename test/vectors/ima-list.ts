import { createReadStream } from 'node:fs';
import {
  type CompiledImaPolicy,
  createImaVerifier,
  type ImaJudgedEntry,
  type ImaQuotedPcr,
  type ImaReplays,
  imaListForm,
  type Verified,
} from '#attestation';
import { casePath, readCaseFile } from './case.ts';

export type ListRun = {
  readonly verified: Verified<unknown>;
  readonly entries: readonly ImaJudgedEntry[];
  readonly replays: ImaReplays;
};

/** One pass over the list of a case, which says itself how it is written. */
export const runList = async (
  dir: string,
  file: string,
  quote: 'unchecked' | readonly ImaQuotedPcr[],
  policy: CompiledImaPolicy,
): Promise<ListRun> => {
  const head = await readCaseFile(dir, file);
  const entries: ImaJudgedEntry[] = [];
  const verifier = createImaVerifier({
    ...(imaListForm(head) ?? { form: 'binary-little-endian', listBank: 'sha1', hashedAs: 'as-written' }),
    banks: ['sha1', 'sha256', 'sha384', 'sha512'],
    paddedSha1: 'accepted',
    ...{ quote, policy, bootPcrs: 'unchecked', progress: 'first-round', firstEntry: 0 },
    onEntry: (entry) => entries.push(entry),
  });
  for await (const chunk of createReadStream(await casePath(dir, file))) verifier.push(Buffer.from(chunk));
  return { verified: verifier.finish(), entries, replays: verifier.replays() };
};
