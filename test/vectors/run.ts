import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  CaseFileError,
  type Judge,
  type Judged,
  type Manifest,
  ManifestError,
  type Row,
  readManifest,
} from './case.ts';

/** One case as the report has it. `policy_verdict` is ours, and there where the row names one. */
export type CaseResult = {
  readonly kind: string;
  readonly id: string;
  readonly expected: string;
  readonly got: string;
  readonly policy_verdict?: string;
  readonly expected_policy_verdict?: string;
  readonly reason: string;
  readonly ok: boolean;
};

export type Report = { readonly ok: boolean; readonly cases: readonly CaseResult[] };

/** Folders in one DIR that are looked into: there are four kinds. */
const foldersMax = 64;

/**
 * Every case of every manifest in these folders, or in the folders within them. Throws {@link ManifestError} where there
 * is nothing to run: no folder, no manifest, a kind nobody judges.
 */
export const runVectors = async (dirs: readonly string[], judges: ReadonlyMap<string, Judge>): Promise<Report> => {
  const found = (await Promise.all(dirs.map(manifestsIn))).flat();
  for (const { dir, manifest } of found) {
    if (!judges.has(manifest.kind)) {
      throw new ManifestError(
        `${join(dir, 'manifest.json')}: no judge for kind "${manifest.kind}"; there are ${[...judges.keys()].join(', ')}`,
      );
    }
  }
  const cases: CaseResult[] = [];
  for (const { dir, manifest } of found) {
    const judge = judges.get(manifest.kind);
    // One after the other: each is bound by the processor, and a log is large.
    for (const row of manifest.cases)
      if (judge !== undefined) cases.push(await runCase(dir, manifest.kind, row, judge));
  }
  return { ok: cases.every(({ ok }) => ok), cases };
};

type Found = { readonly dir: string; readonly manifest: Manifest };

const manifestsIn = async (dir: string): Promise<readonly Found[]> => {
  const about = await stat(dir).catch(() => null);
  if (about === null) throw new ManifestError(`${dir}: there is no such folder`);
  if (!about.isDirectory()) {
    throw new ManifestError(`${dir}: give the folder that holds ${basename(dir)}, not a file`);
  }
  const own = await readManifest(dir);
  if (own !== null) return [{ dir, manifest: own }];
  const inside = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  if (inside.length > foldersMax) throw new ManifestError(`${dir}: ${inside.length} folders; at most ${foldersMax}`);
  const found: Found[] = [];
  for (const { name } of inside.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const manifest = await readManifest(join(dir, name));
    if (manifest !== null) found.push({ dir: join(dir, name), manifest });
  }
  if (found.length === 0) throw new ManifestError(`${dir}: no manifest.json in it, nor in a folder of it`);
  return found;
};

const runCase = async (dir: string, kind: string, row: Row, judge: Judge): Promise<CaseResult> => {
  const expected = expectedOf(row);
  const wantedPolicy = row.expect?.policy_verdict ?? undefined;
  const judged = await judgedOrWhyNot(dir, row, judge);
  const disagreements = judged.disagreements ?? [];
  const policyDiffers = wantedPolicy !== undefined && wantedPolicy !== judged.policyVerdict;
  const ok = expected !== null && sameVerdict(expected, judged.got) && disagreements.length === 0 && !policyDiffers;
  return {
    ...{ kind, id: row.id, expected: expected ?? '(the row names none)', got: judged.got },
    ...(wantedPolicy === undefined
      ? {}
      : { policy_verdict: judged.policyVerdict ?? '(none given)', expected_policy_verdict: wantedPolicy }),
    reason: [judged.reason, ...disagreements.map((one) => `row and bytes differ: ${one}`)].join('; '),
    ok,
  };
};

const judgedOrWhyNot = async (dir: string, row: Row, judge: Judge): Promise<Judged> => {
  try {
    return await judge(dir, row);
  } catch (error) {
    if (error instanceof CaseFileError) return { got: 'unreadable', reason: error.message };
    if (error instanceof z.ZodError) return { got: 'unreadable', reason: `row: ${z.prettifyError(error)}` };
    return { got: 'crashed', reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
};

/** A row with a verdict for each of its files has none for itself. */
const expectedOf = ({ expect, files }: Row): string | null => {
  if (expect !== undefined) return typeof expect.verdict === 'string' ? expect.verdict : JSON.stringify(expect.verdict);
  return typeof files === 'object' && files !== null ? 'see files' : null;
};

const sameVerdict = (expected: string, got: string): boolean => {
  if (expected === got) return true;
  const [one, other] = [objectOf(expected), objectOf(got)];
  return one !== null && other !== null && isDeepStrictEqual(one, other);
};

const objectOf = (text: string): object | null => {
  if (!text.startsWith('{')) return null;
  try {
    return z.looseObject({}).parse(JSON.parse(text));
  } catch {
    return null;
  }
};
