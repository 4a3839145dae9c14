import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { HostError } from './errors.ts';
import { limits } from './limits.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Where everything of one installation lives. All paths are absolute. */
export type HccDirs = {
  /** Things that can be made again: tools, images. Shared by all installations of one user. */
  readonly cacheDir: string;
  /** Things that cannot: the event store, VM disks, keys. */
  readonly homeDir: string;
  /** Unix sockets; a short path, because Linux refuses long ones. */
  readonly runtimeDir: string;
};

/** The directories for an environment and a working directory. Pure: nothing is created.
 *  `HCC_CACHE` and `HCC_HOME` win; else the XDG cache and `./.hcc`. */
export function hccDirs(env: Env, cwd: string): HccDirs {
  const homeDir = resolve(cwd, set(env.HCC_HOME) ?? '.hcc');
  return { cacheDir: cacheDirOf(env, cwd), homeDir, runtimeDir: socketDirFor(homeDir, env) };
}

/** A directory for the unix sockets that belong to `stateDir`: `<stateDir>/run` when a socket in it fits Linux's limit,
 *  else a short one under the temporary directory that only depends on `stateDir`. Pure. */
export function socketDirFor(stateDir: string, env: Env): string {
  const beside = join(stateDir, 'run');
  if (Buffer.byteLength(beside) + longestSocketName <= limits.socketPathBytesMax) return beside;
  const digest = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  const runtime = set(env.XDG_RUNTIME_DIR);
  const base = runtime !== undefined && isAbsolute(runtime) && runtime.length < 40 ? runtime : tmpdir();
  return join(base, `hcc-${digest}`);
}

/** Makes a private (0700) directory and returns it.
 *  Refuses one that is a link or belongs to another user, since anybody may create names under /tmp. */
export async function ensurePrivateDir(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  const uid = process.getuid?.() ?? found.uid;
  if (!found.isDirectory() || found.uid !== uid) {
    throw new HostError(
      'runtime-dir-unsafe',
      `${path} is ${found.isDirectory() ? `owned by user ${found.uid}` : 'not a directory'}, wanted a directory of user ${uid}: remove it`,
      { path, observedUid: found.uid, wantedUid: uid },
    );
  }
  await chmod(path, 0o700);
  return path;
}

/** `/` + a VM id (36) + `/` + the longest socket name we use, with some room. */
const longestSocketName = 1 + 36 + 1 + 12;

function cacheDirOf(env: Env, cwd: string): string {
  const own = set(env.HCC_CACHE);
  if (own !== undefined) return resolve(cwd, own);
  const xdg = set(env.XDG_CACHE_HOME);
  // The XDG specification says a relative path there is to be ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'hcc');
  return join(set(env.HOME) ?? homedir(), '.cache', 'hcc');
}

function set(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
