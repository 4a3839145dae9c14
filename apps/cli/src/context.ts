import { open, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { errnoOf, hccDirs } from '#host';
import type { Cli, Seen } from './cli.ts';
import { unreachableError, usageError } from './cli-error.ts';
import { type Api, createApi } from './client/api.ts';
import { createHttp } from './client/http.ts';
import { patient } from './client/patient.ts';
import { limits } from './limits.ts';

/** As whom: an owner for VMs, keys and accounts; an operator for miners, streams, parked events and grants. */
export type Who = 'owner' | 'operator';

export type ContextOptions = {
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly home?: string | undefined;
};

/** Which cluster, and with which token. */
export type Where = {
  readonly url: string;
  readonly tokenFile: string;
  readonly homeDir: string;
  readonly cacheDir: string;
  /** True for the cluster whose files are on this machine. */
  readonly local: boolean;
};

export type Context = Where & { readonly api: Api };

const clusterFile = z.looseObject({ url: z.url(), pid: z.int(), startedAt: z.string() });
export type ClusterFile = z.infer<typeof clusterFile>;

const tokenText = /^hcc_[A-Za-z0-9-]{1,64}_[A-Za-z0-9_-]{43}$/;

/** The directories of this installation; `--home` wins over HCC_HOME. */
export const dirsOf = (cli: Pick<Cli, 'env' | 'cwd'>, home: string | undefined): ReturnType<typeof hccDirs> =>
  hccDirs(home === undefined ? cli.env : { ...cli.env, HCC_HOME: home }, cli.cwd);

/** Where a command goes: options, else HCC_URL and HCC_TOKEN_FILE, else the cluster of this home.
 *  Refuses `no-cluster` (exit 3) when none is named and none runs, `token-file-missing` (exit 2) for a half-named one. */
export const locate = async (options: ContextOptions, who: Who, cli: Cli): Promise<Where> => {
  const { homeDir, cacheDir } = dirsOf(cli, options.home);
  const ownToken = options.tokenFile ?? nonEmpty(cli.env.HCC_TOKEN_FILE);
  const clusterToken = join(homeDir, 'secrets', `${who}.token`);
  const named = options.url ?? nonEmpty(cli.env.HCC_URL);
  const cluster = await readClusterFile(homeDir);
  if (named !== undefined) {
    const url = originOf(named);
    const local = cluster !== null && originOf(cluster.url) === url;
    if (ownToken === undefined && !local) {
      throw usageError('token-file-missing', `no token for ${url}`, {
        wanted: '--token-file FILE or HCC_TOKEN_FILE',
        fix: `hcc --url ${url} --token-file FILE ...`,
      });
    }
    return {
      url,
      tokenFile: ownToken === undefined ? clusterToken : resolve(cli.cwd, ownToken),
      homeDir,
      cacheDir,
      local,
    };
  }
  if (cluster === null) {
    throw unreachableError('no-cluster', 'no cluster is named, and none runs here', {
      observed: `${join(homeDir, 'cluster.json')} is not there`,
      wanted: 'a running cluster, or --url and --token-file',
      fix: 'npm start',
    });
  }
  const tokenFile = ownToken === undefined ? clusterToken : resolve(cli.cwd, ownToken);
  return { url: originOf(cluster.url), tokenFile, homeDir, cacheDir, local: true };
};

/** A connection to the located cluster. */
export const connect = async (options: ContextOptions, who: Who, cli: Cli): Promise<Context> => {
  const where = await locate(options, who, cli);
  const token = await readTokenFile(where.tokenFile, cli.terminal.err);
  const seen: Seen = {
    http: patient(
      createHttp({
        ...{ url: where.url, token },
        onPosition: (position) => {
          seen.position = position;
        },
      }),
      (text) => cli.terminal.err(`hcc: ${text}\n`),
    ),
    position: null,
  };
  cli.manner.seen = seen;
  return { ...where, api: createApi(seen.http) };
};

/** The token in a file, checked for its form. Warns when others may read the file. */
export const readTokenFile = async (path: string, warn: (text: string) => void): Promise<string> => {
  const text = await readSmallFile(path);
  if (text === null) {
    throw usageError('token-file-missing', `there is no token file ${path}`, {
      wanted: 'a file that holds one API token',
      fix: 'name it by --token-file, or run npm start, which makes one',
    });
  }
  const token = text.trim();
  if (!tokenText.test(token)) {
    throw usageError('token-malformed', `${path} holds no API token`, {
      wanted: 'hcc_<tokenId>_<secret> on one line',
      fix: 'name another file by --token-file or HCC_TOKEN_FILE',
    });
  }
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    warn(`hcc: warning: others may read ${path} (mode ${(mode & 0o777).toString(8)}); fix: chmod 600 ${path}\n`);
  }
  return token;
};

/** What `up` wrote about the running cluster; `null` when it is not there. Refuses a file that is something else. */
export const readClusterFile = async (homeDir: string): Promise<ClusterFile | null> => {
  const path = join(homeDir, 'cluster.json');
  const text = await readSmallFile(path);
  if (text === null) return null;
  const parsed = clusterFile.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw usageError('cluster-file-malformed', `${path} is not what "hcc up" writes`, {
    fix: `remove ${path} and run npm start`,
  });
};

/** A bounded read; `null` when there is no such file. */
export const readSmallFile = async (
  path: string,
  bytesMax: number = limits.smallFileBytesMax,
): Promise<string | null> => {
  try {
    const file = await open(path);
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(bytesMax), 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw usageError('file-unreadable', `${path} cannot be read`, { observed: errnoOf(error) });
  }
};

const originOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url.origin;
  throw usageError('url-malformed', 'the URL of the cluster is not one', {
    observed: text,
    wanted: 'http://HOST:PORT or https://HOST',
  });
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const nonEmpty = (text: string | undefined): string | undefined =>
  text === undefined || text === '' ? undefined : text;
