import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, HostError, isHostError } from '../errors.ts';
import type { Report } from '../report.ts';
import { aptDownload, aptInstall, aptSourceFor, unpackDeb, withFreshLists } from './apt.ts';
import { type Provision, type ToolName, toolNamed } from './catalogue.ts';
import {
  type FoundTool,
  findTool,
  fixFor,
  type MissingTool,
  startScript,
  toolMissing,
  unpackedRoot,
} from './find-tool.ts';
import { showVersion } from './version.ts';

export type EnsureToolsOptions = {
  readonly report: Report;
  readonly cacheDir: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Whether we may install packages; whether this process is root, when left out. */
  readonly isRoot?: boolean;
};

/** Promises that every named tool is there in a version that will do, and says in one reported line each what it did
 *  and why. What can be unpacked without root is; the rest is installed by apt.
 *  Refuses with `tool-missing` (no root) or `tool-install-failed` (offline), both carrying the one command to run. */
export async function ensureTools(
  names: readonly ToolName[],
  options: EnsureToolsOptions,
): Promise<readonly FoundTool[]> {
  const missing = await lookFor(names, options, true);
  await installAll(missing, options);
  for (const tool of missing) await unpackOne(tool, options);
  const after = await Promise.all(names.map((name) => findTool(name, options)));
  return after.map((tool) => {
    if (tool.kind === 'missing') throw toolMissing(tool, fixFor(tool.name));
    return tool;
  });
}

async function lookFor(
  names: readonly ToolName[],
  options: EnsureToolsOptions,
  say: boolean,
): Promise<readonly MissingTool[]> {
  const missing: MissingTool[] = [];
  for (const name of names) {
    const tool = await findTool(name, options);
    if (tool.kind === 'missing') missing.push(tool);
    else if (say) options.report({ step: name, detail: describe(tool) });
  }
  return missing;
}

async function installAll(missing: readonly MissingTool[], options: EnsureToolsOptions): Promise<void> {
  const wanted = missing.filter((tool) => toolNamed(tool.name).provision.how !== 'unpack');
  const [first] = wanted;
  if (first === undefined) return;
  const fix = fixFor(...wanted.map((tool) => tool.name));
  if (!(options.isRoot ?? process.getuid?.() === 0)) throw toolMissing(first, fix);
  const packages = [...new Set(wanted.flatMap((tool) => packagesOf(toolNamed(tool.name).provision)))];
  for (const tool of wanted) options.report({ step: tool.name, detail: `installing: ${tool.why}` });
  try {
    await aptInstall(packages, options);
  } catch (error) {
    throw installFailed(packages.join(' '), fix, error);
  }
  await lookFor(
    wanted.map((tool) => tool.name),
    options,
    true,
  );
}

async function unpackOne(missing: MissingTool, options: EnsureToolsOptions): Promise<void> {
  const { provision } = toolNamed(missing.name);
  if (provision.how !== 'unpack') return;
  options.report({
    step: missing.name,
    detail: `unpacking Debian ${provision.suite}'s package into our cache: ${missing.why}`,
  });
  const toolsDir = join(options.cacheDir, 'tools');
  await mkdir(toolsDir, { recursive: true });
  const workDir = await mkdtemp(join(toolsDir, '.work-'));
  try {
    const source = await aptSourceFor(provision.suite, workDir, options);
    const debs = await withFreshLists(source, workDir, options, (from) =>
      aptDownload(from, [provision.packageName, ...(provision.libraries ?? [])], join(workDir, 'debs'), options),
    );
    const root = join(workDir, 'root');
    for (const deb of debs) await unpackDeb(deb, root, options.signal);
    if (provision.libraries !== undefined) await writeStartScript(root, provision.programPath);
    await replaceDir(root, unpackedRoot(missing.name, options.cacheDir));
  } catch (error) {
    throw installFailed(provision.packageName, fixFor(missing.name), error);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
  await lookFor([missing.name], options, true);
}

/** The script takes the program's place (exec), so that its process id and its signals are the program's. */
async function writeStartScript(root: string, programPath: string): Promise<void> {
  const lines = [
    '#!/bin/sh',
    'here=$(dirname "$(readlink -f "$0")")',
    `LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu) exec "$here/${programPath}" "$@"`,
    '',
  ];
  await writeFile(join(root, startScript), lines.join('\n'), { mode: 0o755 });
}

/** Two builders may finish at the same moment: whoever is second finds the place taken by an equal copy and keeps it. */
async function replaceDir(from: string, to: string): Promise<void> {
  await rename(to, `${from}.old`).catch((error: unknown) => ignore(error, 'ENOENT'));
  await rename(from, to).catch((error: unknown) => ignore(error, 'ENOTEMPTY', 'EEXIST'));
}

function ignore(error: unknown, ...codes: readonly string[]): void {
  if (!codes.includes(errnoOf(error) ?? '')) throw error;
}

function packagesOf(provision: Provision): readonly string[] {
  return provision.how === 'unpack' ? [provision.packageName] : provision.packages;
}

function describe(tool: FoundTool): string {
  const version = tool.version === undefined ? '' : ` ${showVersion(tool.version)}`;
  return `${tool.path}${version}, ${toolNamed(tool.name).why}`;
}

function installFailed(what: string, fix: string, cause: unknown): unknown {
  if (!isHostError(cause) || cause.code === 'command-aborted') return cause;
  return new HostError(
    'tool-install-failed',
    `${what} could not be installed: ${cause.message}\nWhen the network is back, run: ${fix}`,
    {
      packages: what,
      fix,
    },
  );
}
