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
