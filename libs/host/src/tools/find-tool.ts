import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { type Env, hccDirs } from '../dirs.ts';
import { HostError, isHostError } from '../errors.ts';
import { run } from '../exec.ts';
import { type ToolName, toolNamed } from './catalogue.ts';
import { isAtLeast, parseVersion, showVersion, type Version } from './version.ts';

export type ToolPlaces = { readonly env?: Env; readonly cacheDir?: string };

export type FoundTool = {
  readonly kind: 'found';
  readonly name: ToolName;
  readonly path: string;
  readonly from: 'path' | 'cache';
  /** Undefined for a tool that cannot say its version. */
  readonly version: Version | undefined;
};

export type MissingTool = {
  readonly kind: 'missing';
  readonly name: ToolName;
  readonly why: string;
  /** What was found instead, such as an older version; empty when there was nothing. */
  readonly observed: string;
  readonly wanted: string;
};

/** Looks for a tool on PATH (and in the sbin directories a person's PATH leaves out), then among the copies we
 *  unpacked ourselves. A program that is too old is passed over and named in the answer. Installs nothing. */
export async function findTool(name: ToolName, places: ToolPlaces = {}): Promise<FoundTool | MissingTool> {
  const tool = toolNamed(name);
  const env = places.env ?? process.env;
  const cacheDir = places.cacheDir ?? hccDirs(env, process.cwd()).cacheDir;
  const unpacked = unpackedProgram(name, cacheDir);
  const candidates: { path: string; from: 'path' | 'cache' }[] = [
    ...searchPath(env).map((dir) => ({ path: join(dir, name), from: 'path' as const })),
    ...(unpacked === undefined ? [] : [{ path: unpacked, from: 'cache' as const }]),
  ];
  const passedOver: string[] = [];
  for (const { path, from } of candidates) {
    if (!(await isProgram(path))) continue;
    const checked = await checkVersion(name, path);
    if (checked.ok) return { kind: 'found', name, path, from, version: checked.version };
    passedOver.push(checked.observed);
  }
  const least = tool.versionMin === undefined ? '' : ` ${showVersion(tool.versionMin)} or newer`;
  return { kind: 'missing', name, why: tool.why, observed: passedOver.join(', '), wanted: `${name}${least}` };
}

/** The path of a tool, for code that cannot go on without it.
 *  Refuses with `tool-missing`, naming what was found instead and the command that gets the tool. */
export async function requireTool(name: ToolName, places: ToolPlaces = {}): Promise<string> {
  const found = await findTool(name, places);
  if (found.kind === 'found') return found.path;
  throw toolMissing(found, fixFor(name));
}

export function toolMissing(missing: MissingTool, fix: string): HostError {
  const observed = missing.observed === '' ? 'found none' : `found only ${missing.observed}`;
  return new HostError('tool-missing', `${missing.wanted} is needed (${missing.why}); ${observed}. Run: ${fix}`, {
    tool: missing.name,
    observed: missing.observed,
    wanted: missing.wanted,
    fix,
  });
}

/** Where `ensureTools` unpacks a tool's package; the program is at a fixed path below it. */
export function unpackedRoot(name: ToolName, cacheDir: string): string {
  return join(cacheDir, 'tools', name);
}

/** The script that starts a program with the libraries unpacked beside it. */
export const startScript = 'start';

/** The one command that gets a tool. */
export function fixFor(...names: readonly ToolName[]): string {
  const provisions = names.map((name) => toolNamed(name).provision);
  if (provisions.some((provision) => provision.how === 'unpack'))
    return 'npm run -s build && node dist/scripts/setup.js';
  const packages = provisions.flatMap((provision) => (provision.how === 'unpack' ? [] : provision.packages));
  return `sudo apt-get install -y --no-install-recommends ${[...new Set(packages)].join(' ')}`;
}

function unpackedProgram(name: ToolName, cacheDir: string): string | undefined {
  const { provision } = toolNamed(name);
  if (provision.how !== 'unpack') return undefined;
  const { programPath, libraries } = provision;
  return join(unpackedRoot(name, cacheDir), libraries === undefined ? programPath : startScript);
}

function searchPath(env: Env): readonly string[] {
  const own = (env.PATH ?? '').split(delimiter).filter((dir) => isAbsolute(dir));
  return [...new Set([...own, '/usr/local/sbin', '/usr/sbin', '/sbin'])];
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

type Checked =
  | { readonly ok: true; readonly version: Version | undefined }
  | { readonly ok: false; readonly observed: string };

async function checkVersion(name: ToolName, path: string): Promise<Checked> {
  const { versionArgs, versionMin } = toolNamed(name);
  if (versionArgs === undefined) return { ok: true, version: undefined };
  try {
    // Some tools print their version on stderr (ssh -V, mke2fs -V).
    const { stdout, stderr } = await run(path, versionArgs, { timeoutMs: 10_000 });
    const version = parseVersion(`${stdout}\n${stderr}`);
    if (version === undefined) return { ok: false, observed: `${path} (says no version)` };
    if (versionMin === undefined || isAtLeast(version, versionMin)) return { ok: true, version };
    return { ok: false, observed: `${path} ${showVersion(version)}` };
  } catch (error) {
    if (!isHostError(error)) throw error;
    return { ok: false, observed: `${path} (${error.message})` };
  }
}
