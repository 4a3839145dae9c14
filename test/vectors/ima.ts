import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { compileImaPolicy, type ImaJudgedEntry, type ImaPolicy, Malformed, type Verified } from '#attestation';
import { type Judge, readCaseFile } from './case.ts';
import { type ListRun, runList } from './ima-list.ts';
import { judgeImaPolicy } from './ima-policy.ts';
import { quotedPcr10 } from './ima-quote.ts';

const imaRow = z.looseObject({
  file: z.string(),
  quotes: z.array(z.string()).max(100).nullish(),
  entries: z.int().nullish(),
  templates: z.record(z.string(), z.int()).nullish(),
  violations: z.int().nullish(),
  template_hash_bad: z.array(z.int()).nullish(),
  pcr10: z.record(z.string(), z.unknown()).nullish(),
  signatures: z.array(z.tuple([z.string(), z.string(), z.string().nullable()])).nullish(),
  signature_failures: z.array(z.tuple([z.int(), z.string(), z.string()])).nullish(),
});
type ImaRow = z.infer<typeof imaRow>;

/**
 * A measurement list: valid when it parses, each template hash is recomputed, and each quote the row names (read from the
 * folder `tpm` beside this one, and verified) is met by a beginning of it. Whether a file's signature holds is reported and is
 * a policy's question: a list is true also when it says that a file was badly signed. Keys are those beside the list.
 */
export const judgeIma: Judge = async (dir, unparsed) => {
  const row = imaRow.parse(unparsed);
  if (row.file.endsWith('.json')) return judgeImaPolicy(dir, row.file);
  const policy = compileImaPolicy(keysOnly(await keysBeside(dir, row.file)));
  const quotes = await Promise.all((row.quotes ?? []).map((name) => quotedPcr10(dir, name.split(' ')[0] ?? '')));
  const unverified = quotes.flatMap((quote) => (typeof quote === 'string' ? [quote] : []));
  const runs: ListRun[] = [];
  for (const quote of quotes.length === 0 ? ['unchecked' as const] : quotes) {
    if (quote === 'unchecked' || typeof quote !== 'string') runs.push(await runList(dir, row.file, quote, policy));
  }
  const refusals = [...unverified, ...runs.flatMap(({ verified }) => refusalsOf(verified))];
  const [first] = runs;
  return {
    got: refusals.length === 0 ? 'valid' : 'invalid',
    reason: refusals.length === 0 ? runs.map(said).join('; ') : [...new Set(refusals)].join('; '),
    disagreements: first === undefined ? [] : factsThatDiffer(row, first),
  };
};

const refusalsOf = (verified: Verified<unknown>): readonly string[] =>
  verified.ok ? [] : verified.refusals.map(({ code, observed }) => `${code} (${observed})`);

const said = ({ verified }: ListRun): string =>
  verified.checks
    .filter(({ outcome }) => outcome === 'passed')
    .map(({ code, observed }) => `${code} (${observed})`)
    .join(', ');

/** Public keys and certificates in the folder of a list, as PEM; a file that is neither is none. */
const keysBeside = async (dir: string, file: string): Promise<readonly string[]> => {
  const folder = dirname(file);
  const names = (await readdir(join(dir, folder))).filter((name) => /\.(pem|der)$/.test(name)).sort();
  const keys: string[] = [];
  for (const name of names.slice(0, keysMax)) {
    const bytes = Buffer.from(await readCaseFile(dir, join(folder, name)));
    const base64 = bytes.toString('base64');
    const forms = name.endsWith('.pem')
      ? [bytes.toString()]
      : ['CERTIFICATE', 'PUBLIC KEY'].map((label) => `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`);
    keys.push(...forms.filter(isKey).slice(0, 1));
  }
  return keys;
};

const keysMax = 64;

const isKey = (pem: string): boolean => {
  try {
    compileImaPolicy(keysOnly([pem]));
    return true;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return false;
  }
};

/** A policy that only lends its keys: nothing of what it says about files is asked. */
const keysOnly = (keys: readonly string[]): ImaPolicy => ({
  ...{ version: 1, banks: ['sha256'], extension: 'padded-sha1', bootAggregate: 'unchecked', violations: 'accept' },
  ...{ notYetAttestedMax: 'unchecked', order: ['reject', 'exclude', 'signature', 'allow'], rejects: [], excludes: [] },
  ...{ signatures: { keys: [...keys], bad: 'next-rule' }, allow: {}, unknownFiles: 'warn' },
  ...{ keyrings: {}, buffers: 'unchecked' },
});

const factsThatDiffer = (row: ImaRow, { entries, replays }: ListRun): readonly string[] => {
  const indexesOf = (wanted: ImaJudgedEntry['templateHash']): readonly number[] =>
    entries.filter(({ templateHash }) => templateHash === wanted).map(({ index }) => index);
  const byTemplate: Record<string, number> = {};
  for (const { template } of entries) byTemplate[template] = (byTemplate[template] ?? 0) + 1;
  const pcr10: Record<string, string | undefined> = {
    ...replays.perBank,
    ...Object.fromEntries(Object.entries(replays.paddedSha1).map(([bank, value]) => [`${bank}_padded_sha1`, value])),
  };
  return [
    ...differs('entries', row.entries, entries.length),
    ...differs('templates', row.templates, byTemplate),
    ...differs('violations', row.violations, indexesOf('violation').length),
    ...differs('template_hash_bad', row.template_hash_bad, indexesOf('bad')),
    ...Object.entries(row.pcr10 ?? {}).flatMap(([name, value]) =>
      Object.hasOwn(pcr10, name) ? differs(`pcr10 ${name}`, value, pcr10[name]) : [],
    ),
    ...differs(
      'signatures',
      row.signatures,
      entries.map((entry) => [entry.template, entry.path, wordOf(entry)]),
    ),
    ...differs(
      'signature_failures',
      row.signature_failures,
      entries
        .filter(({ signature }) => signature !== 'none' && signature !== 'good')
        .map((entry) => [entry.index, entry.path, wordOf(entry)]),
    ),
  ];
};

/** The words of the manifest. */
const wordOf = ({ signature, keyId }: ImaJudgedEntry): string | null => {
  if (signature === 'none') return null;
  if (signature === 'unknown-key') return `no key ${keyId}`;
  return signature === 'good' ? 'True' : 'False';
};

const differs = (name: string, wanted: unknown, found: unknown): readonly string[] => {
  if (wanted === undefined || wanted === null || sameJson(wanted, found)) return [];
  return [`${name}: row ${shortJson(wanted)}, bytes ${shortJson(found)}`];
};

const sameJson = (one: unknown, other: unknown): boolean =>
  JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    : value;

const shortJson = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 300);
