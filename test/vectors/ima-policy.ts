import { dirname } from 'node:path';
import { z } from 'zod';
import { compileImaPolicy, type ImaJudgedEntry, type ImaPolicy, type ImaReason, imaPolicySchema } from '#attestation';
import { type Judged, readCaseFile } from './case.ts';
import { runList } from './ima-list.ts';

const hex = z.string().regex(/^[0-9a-f]+$/);
const policyFile = z.looseObject({
  log: z.string(),
  allow: z.record(z.string(), z.array(hex)).default({}),
  exclude: z.array(z.string()).default([]),
  keyrings: z.record(z.string(), z.array(hex)).default({}),
  keys: z.array(z.string()).default([]),
  expect: z.array(z.looseObject({ i: z.int(), path: z.string(), ok: z.boolean(), why: z.string() })),
});
type PolicyFile = z.infer<typeof policyFile>;

/** A list, a policy in the manifest's words, and its verdict on each entry: `see file` when all are ours, too. */
export const judgeImaPolicy = async (dir: string, file: string): Promise<Judged> => {
  const text = Buffer.from(await readCaseFile(dir, file)).toString('utf8');
  const wanted = policyFile.parse(JSON.parse(text));
  const keys = await Promise.all(wanted.keys.map((name) => readCaseFile(dir, name)));
  const policy = imaPolicySchema.parse(policyOf(wanted, keys));
  const run = await runList(dir, wanted.log, 'unchecked', compileImaPolicy(policy));
  const disagreements = [
    ...(run.entries.length === wanted.expect.length
      ? []
      : [`${dirname(file)}: ${run.entries.length} entries, ${wanted.expect.length} verdicts`]),
    ...wanted.expect.flatMap((one) => differs(one, run.entries[one.i])),
  ];
  return {
    got: run.verified.ok && disagreements.length === 0 ? 'see file' : 'invalid',
    reason: run.entries.map((entry) => `${entry.index} ${wordOf(entry)}`).join(', '),
    disagreements,
  };
};

const differs = (wanted: PolicyFile['expect'][number], entry: ImaJudgedEntry | undefined): readonly string[] => {
  const found = entry === undefined ? 'no entry' : `${entry.path} ${isOk(entry)} ${wordOf(entry)}`;
  const expected = `${wanted.path} ${wanted.ok} ${wanted.why}`;
  return found === expected ? [] : [`entry ${wanted.i}: file says ${expected}, ours is ${found}`];
};

const isOk = ({ verdict }: ImaJudgedEntry): boolean => verdict !== 'unchecked' && verdict.outcome === 'accepted';

/** The rule that decided, in the words of the file. */
const words: Readonly<Record<ImaReason, string>> = {
  excluded: 'excluded',
  signature: 'signature',
  'bad-signature': 'signature',
  'allow-list': 'allow list',
  'digest-not-allowed': 'allow list',
  'unknown-file': 'allow list',
  keyring: 'keyring',
  'buffer-not-allowed': 'keyring',
  'boot-aggregate': 'boot aggregate',
  violation: 'violation',
  rejected: 'rejected',
};

const wordOf = ({ verdict }: ImaJudgedEntry): string => (verdict === 'unchecked' ? verdict : words[verdict.reason]);

const policyOf = (file: PolicyFile, keys: readonly Uint8Array[]): ImaPolicy => ({
  ...{ version: 1, banks: ['sha256'], extension: 'per-bank', bootAggregate: 'unchecked', violations: 'refuse' },
  ...{ notYetAttestedMax: 'unchecked', order: ['exclude', 'signature', 'allow', 'reject'], rejects: [] },
  excludes: file.exclude.map((pattern) => ({ pattern })),
  signatures: { keys: keys.map((key) => Buffer.from(key).toString('utf8')), bad: 'next-rule' },
  allow: named(file.allow),
  unknownFiles: 'refuse',
  keyrings: Object.fromEntries(
    Object.entries(named(file.keyrings)).map(([name, digests]) => [name, { digests, trust: 'file-signatures' }]),
  ),
  buffers: {},
});

/** The file's digests have no algorithm: their length says it. */
const named = (lists: Readonly<Record<string, readonly string[]>>): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(lists).map(([name, digests]) => [
      name,
      digests.map((digest) => `${byLength[digest.length] ?? 'unknown'}:${digest}`),
    ]),
  );

const byLength: Readonly<Record<number, string>> = { 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' };
