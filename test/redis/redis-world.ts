import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool, freePort, hccDirs } from '#host';
import { until } from '../conformance/until.ts';

/** The redis-server of this machine, or `null`: specs that need it say so and are skipped by name. */
export const redisBinary = async (): Promise<string | null> => {
  const found = await findTool('redis-server', { cacheDir: hccDirs(process.env, process.cwd()).cacheDir });
  return found.kind === 'found' ? found.path : null;
};

/** A real redis-server on loopback, in a directory of its own. */
export type RedisWorld = {
  readonly url: string;
  readonly password: string;
  readonly pid: () => number;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with or without what it had written. */
  restart(options: { readonly loseFiles: boolean }): Promise<void>;
  close(): Promise<void>;
};

export type RedisWorldOptions = {
  readonly port?: number;
  readonly config?: readonly string[];
};

export const openRedisWorld = async (binary: string, options: RedisWorldOptions = {}): Promise<RedisWorld> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-redis-'));
  const port = options.port ?? (await freePort());
  const password = 'swordfish-in-a-test';
  const file = join(dir, 'redis.conf');
  let child: ChildProcess | null = null;

  const start = async (): Promise<void> => {
    const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, `requirepass ${password}`, 'save ""'];
    const config = [...lines, 'appendonly yes', 'maxmemory-policy noeviction', ...(options.config ?? [])];
    await writeFile(file, `${config.join('\n')}\n`, { mode: 0o600 });
    child = spawn(binary, [file], { stdio: 'ignore' });
    await until(`redis-server listens on ${port}`, () => isListening(port));
  };
  const kill = async (): Promise<void> => {
    const killed = child;
    child = null;
    if (killed === null || killed.exitCode !== null) return;
    const ended = once(killed, 'exit');
    killed.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    password,
    pid: () => child?.pid ?? 0,
    kill,
    restart: async ({ loseFiles }) => {
      await kill();
      if (loseFiles) await rm(join(dir, 'appendonlydir'), { recursive: true, force: true });
      await start();
    },
    close: async () => {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
