import { type Finding, findLines, type Source } from './sources.ts';

const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** Versions in package.json that are ranges: an install next year would be another program. */
export const checkVersions = ({ path, text }: Source): readonly Finding[] => {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(text) as Readonly<
    Record<string, Record<string, string>>
  >;
  return Object.entries({ ...dependencies, ...devDependencies })
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => ({
      path,
      line: text.slice(0, text.indexOf(`"${name}"`)).split('\n').length,
      detail: `asks for ${name} ${version}: name one exact version`,
    }));
};

/** Scripts that `npm run check` goes through and CI does not: what a person may forget before a push, CI finds. */
export const checkContinuous = ({ path, text }: Source, packageJson: string): readonly Finding[] => {
  const { check = '', test = '' } = (JSON.parse(packageJson) as { scripts: Readonly<Record<string, string>> }).scripts;
  const scripts = [...check.matchAll(/npm run -s ([\w:-]+)/g)].map(([, name]) => `npm run ${name}`);
  const specs = [...check.matchAll(/--project \w+/g)].every(([project]) => test.includes(project));
  return [...scripts, ...(specs ? ['npm test'] : [check])]
    .filter((command) => !text.split('\n').includes(command))
    .map((command) => ({ path, line: 1, detail: `does not run "${command}", which "npm run check" is made of` }));
};

/** Places a lock file would fetch from: whoever installs has their own registry. */
export const checkLock = ({ path, text }: Source): readonly Finding[] =>
  findLines(
    path,
    text,
    /"resolved":\s*"https?:/,
    'names a registry host: install with omit-lockfile-registry-resolved',
  );

/** The folder a shared machine keeps its work in; spelled in two parts so that this line does not name it. */
const MACHINE_PATH = new RegExp(`(^|[\\s"'\`(=:])/${'work'}/`);

/** Names of this machine's folders in any text. */
export const checkMachinePaths = (sources: readonly Source[]): readonly Finding[] =>
  sources.flatMap(({ path, text }) =>
    findLines(path, text, MACHINE_PATH, 'names a folder of one machine: make it relative, or ask for it'),
  );
