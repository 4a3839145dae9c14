import { blankText } from './blank.ts';
import { type Finding, findLines, isTest, type Source } from './sources.ts';

export type Ban = {
  readonly name: string;
  readonly pattern: RegExp;
  readonly instead: string;
  /** The one file that may, because it is where the thing is made. */
  readonly exempt?: string;
  /** Looks at comments and strings too. */
  readonly everywhere?: true;
  readonly testsMay?: true;
};

export const bans: readonly Ban[] = [
  {
    name: 'Date.now(',
    pattern: /\bDate\.now\b/,
    instead: 'take a Clock (#events)',
    exempt: 'libs/adapters/system/src/system-clock.ts',
  },
  { name: 'new Date()', pattern: /\bnew Date\(\s*\)/, instead: 'take a Clock (#events)' },
  { name: 'Math.random', pattern: /\bMath\.random\b/, instead: 'take Ids (#events), or a seeded generator in a test' },
  {
    name: 'randomUUID',
    pattern: /\brandomUUID\b/,
    instead: 'take Ids (#events)',
    exempt: 'libs/adapters/system/src/random-ids.ts',
    testsMay: true,
  },
  { name: 'console.', pattern: /\bconsole\.\w/, instead: 'take a Log (#edge), or write to process.stdout in the CLI' },
  { name: '.only(', pattern: /\b(test|it|describe|suite|bench)\.only\b/, instead: 'remove it: the rest would not run' },
  {
    name: '.skip(',
    pattern: /\b(test|it|describe|suite|bench)\.(skip|todo)\b/,
    instead: 'say why by name: context.skip(reason), or skipIf with the condition',
  },
  { name: 'FIXME', pattern: /\bFIXME\b/, instead: 'fix it, or open an issue', everywhere: true },
  { name: 'TODO', pattern: /\bTODO\b/, instead: 'do it, or open an issue', everywhere: true },
  {
    name: 'export default',
    pattern: /\bexport\s+default\b/,
    instead: 'export a name',
    exempt: 'vitest.config.ts',
  },
  { name: 'export *', pattern: /\bexport\s+\*/, instead: 'name what the door gives out' },
  {
    name: 'any',
    pattern: /(?:[:<,|&(]|\bas|=>)\s*any\b(?!\s*(?::|=(?!>)|\())|\bany\[\]/,
    instead: 'use unknown and parse it',
  },
  { name: '!', pattern: /[\w)\]]!(?=[.;,)\]\s[])(?!\s*=)/, instead: 'handle undefined, or throw with a BUG: sentence' },
  { name: 'enum', pattern: /^\s*(export\s+)?(const\s+)?enum\s+\w/, instead: 'use a union of string literals' },
  { name: 'namespace', pattern: /^\s*(export\s+)?(declare\s+)?namespace\s+\w/, instead: 'use a module' },
  { name: 'shell: true', pattern: /\bshell\s*:\s*true\b/, instead: 'give an argument array' },
  {
    name: 'exec(',
    pattern:
      /(?<![.\w])exec(Sync)?\s*\(|\{[^}]*\bexec(Sync)?\b[^}]*\}\s*from\s*'node:child_process|\bchild_process\.exec/,
    instead: 'use execFile or spawn with an argument array',
  },
];

/** Every banned word, with what to write instead. This folder names them all, so it is exempt. */
export const checkBans = (sources: readonly Source[]): readonly Finding[] =>
  sources
    .filter(({ path }) => path.endsWith('.ts') && !path.startsWith('test/tidy'))
    .flatMap((source) => {
      const code = blankText(source.text);
      return bans
        .filter(({ exempt, testsMay }) => exempt !== source.path && !(testsMay && isTest(source.path)))
        .flatMap(({ name, pattern, instead, everywhere }) =>
          findLines(source.path, everywhere ? source.text : code, pattern, `has ${name}: ${instead}`),
        );
    });

const BANNED_FOLDER = /(^|\/)(utils?|helpers?|common|shared|misc)\//;

/** Folders named for nothing: what is in them has not been named yet. */
export const checkFolders = (sources: readonly Source[]): readonly Finding[] =>
  sources
    .filter(({ path }) => BANNED_FOLDER.test(path))
    .map(({ path }) => ({ path, line: 1, detail: 'is in a folder with no idea in its name: call it what it holds' }));
