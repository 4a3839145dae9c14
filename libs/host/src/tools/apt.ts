import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError, isHostError } from '../errors.ts';
import { run } from '../exec.ts';
import { limits } from '../limits.ts';
import type { Report } from '../report.ts';
import { debsOf, dropOtherDebs, plannedIn } from './deb-dir.ts';

export type AptContext = { readonly report: Report; readonly signal?: AbortSignal };

/** A place packages come from: apt's options that select it. The machine's own configuration has none. */
export type AptSource = { readonly suite: string; readonly options: readonly string[] };

/** The Debian codename of this machine (`bookworm`), or an empty text on one that does not say. */
export async function machineSuite(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^VERSION_CODENAME=["']?([a-z0-9.-]+)/m.exec(release)?.[1] ?? '';
}

/** Installs packages with the machine's own apt. Must be root.
 *  Reads the package lists again only when installing with the present ones failed. */
export async function aptInstall(packages: readonly string[], context: AptContext): Promise<void> {
  const args = [
    ...['-o', `DPkg::Lock::Timeout=${limits.dpkgLockTimeoutSeconds}`],
    ...['install', '-y', '--no-install-recommends', ...packages],
  ];
  try {
    await apt(args, context);
  } catch (error) {
    if (!isHostError(error, 'command-failed')) throw error;
    context.report({ step: 'packages', detail: 'the package lists look old or absent: running apt-get update' });
    // A mirror of somebody else's repository may be down; what matters is whether the install works then.
    await apt(['update'], context).catch((failure: unknown) => ignoreFailedCommand(failure));
    await apt(args, context);
  }
}

/** A source for `suite`: the machine's own configuration when it is that suite (its lists may be old or absent: see
 *  `withFreshLists`), else private package lists below
 *  `workDir`, read from the very Debian mirror the machine uses and checked against Debian's keyring. Needs no root. */
export async function aptSourceFor(suite: string, workDir: string, context: AptContext): Promise<AptSource> {
  if ((await machineSuite()) === suite) return { suite, options: [] };
  const mirrors = await debianMirrors();
  const failures: string[] = [];
  for (const mirror of mirrors) {
    try {
      return await privateSource({ suite, mirror, workDir }, context);
    } catch (error) {
      if (!isHostError(error, 'command-failed')) throw error;
      failures.push(error.message);
    }
  }
  const observed = mirrors.length === 0 ? 'apt has no Debian mirror configured' : failures.join('; ');
  throw new HostError('package-not-found', `the package lists of Debian ${suite} could not be read: ${observed}`, {
    suite,
    mirrors,
  });
}

/** Does `work` with a source, and once more with freshly read lists when the present ones turn out old or absent:
 *  then apt asks for files the mirror no longer has. The fresh lists are private to `workDir` and need no root. */
export async function withFreshLists<T>(
  source: AptSource,
  workDir: string,
  context: AptContext,
  work: (source: AptSource) => Promise<T>,
): Promise<T> {
  try {
    return await work(source);
  } catch (error) {
    if (!isHostError(error, 'command-failed')) throw error;
    context.report({ step: 'packages', detail: 'the package lists are old or absent: reading them again' });
    const options = [...source.options, ...(await privateLists(workDir))];
    await apt([...options, 'update'], context);
    return work({ suite: source.suite, options });
  }
}

/** Downloads packages into `dir` and returns the paths of their .deb files, sorted. Needs no root. What is there already
 *  with the digest of the package lists is not fetched again; other versions of these packages are removed. */
export async function aptDownload(
  source: AptSource,
  packages: readonly string[],
  dir: string,
  context: AptContext,
): Promise<readonly string[]> {
  await mkdir(dir, { recursive: true });
  const args = [...source.options, 'download', ...packages];
  const { stdout } = await run('apt-get', ['-q', ...args, '--print-uris'], { env: aptEnv() });
  await dropOtherDebs(dir, packages, plannedIn(stdout));
  await apt(args, context, dir);
  return debsOf(dir, packages);
}

/** Unpacks a .deb below `dir` without installing it: no script of the package runs. */
export async function unpackDeb(debPath: string, dir: string, signal?: AbortSignal): Promise<void> {
  await mkdir(dir, { recursive: true });
  await run('dpkg-deb', ['-x', debPath, dir], signal === undefined ? {} : { signal });
}

/** What apt-cache answers to a question about a source. */
export async function aptCache(source: AptSource, args: readonly string[]): Promise<string> {
  const { stdout } = await run('apt-cache', [...source.options, ...args], { env: aptEnv() });
  return stdout;
}

/** The mirrors this machine's own apt reads its suite from. Asked of apt itself, because sources have many spellings,
 *  and in a way that works on a machine that never fetched a package list. */
async function debianMirrors(): Promise<readonly string[]> {
  const suite = await machineSuite();
  const { stdout } = await run('apt-get', ['update', '--print-uris'], { env: aptEnv() });
  return mirrorsIn(stdout, suite);
}

/** The lines of a sources.list for Debian `suite`, its updates and its security updates, from the very mirrors this
 *  machine's apt uses. Refuses with `package-not-found` when it uses none of Debian's. */
export async function aptSourceLines(suite: string): Promise<readonly string[]> {
  const own = await machineSuite();
  const { stdout } = await run('apt-get', ['update', '--print-uris'], { env: aptEnv() });
  const lines = ['', '-updates', '-security'].flatMap((part) =>
    mirrorsIn(stdout, `${own}${part}`)
      .slice(0, 1)
      .map((mirror) => `deb [signed-by=${debianKeyring}] ${mirror} ${suite}${part} main`),
  );
  if (lines.some((line) => line.includes(` ${suite} main`))) return lines;
  throw new HostError('package-not-found', `apt has no Debian mirror configured, and Debian ${suite} is needed`, {
    suite,
  });
}

/** The mirrors whose release file of `suite` is among what apt would fetch. Pure. */
export function mirrorsIn(printedUris: string, suite: string): readonly string[] {
  const mirrors = printedUris.split('\n').flatMap((line) => {
    const [, mirror, found] = /^'([^']+\/)dists\/([^/']+)\/InRelease'/.exec(line) ?? [];
    return mirror !== undefined && found === suite ? [mirror] : [];
  });
  return [...new Set(mirrors)];
}

async function privateSource(
  wanted: { readonly suite: string; readonly mirror: string; readonly workDir: string },
  context: AptContext,
): Promise<AptSource> {
  const list = join(wanted.workDir, 'sources.list');
  const lists = await privateLists(wanted.workDir);
  await writeFile(list, `deb [signed-by=${debianKeyring}] ${wanted.mirror} ${wanted.suite} main\n`);
  const options = ['-o', `Dir::Etc::sourcelist=${list}`, '-o', 'Dir::Etc::sourceparts=-', ...lists];
  await apt([...options, 'update', '--error-on=any'], context);
  return { suite: wanted.suite, options };
}

async function privateLists(workDir: string): Promise<readonly string[]> {
  const lists = join(workDir, 'lists');
  const cache = join(workDir, 'cache');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  return ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`, '-o', 'Acquire::Languages=none'];
}

async function apt(args: readonly string[], context: AptContext, cwd?: string): Promise<void> {
  await run('apt-get', ['-q', ...args], {
    env: aptEnv(),
    timeoutMs: limits.aptTimeoutMs,
    ...(cwd === undefined ? {} : { cwd }),
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
}

/** Messages in English, because we read some of them, and no questions asked. */
function aptEnv(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}

function ignoreFailedCommand(error: unknown): void {
  if (!isHostError(error, 'command-failed')) throw error;
}

const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
