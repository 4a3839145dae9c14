import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childrenOf, commandLine, processesWith } from './processes.ts';
import { storeEnv } from './stores.ts';
import { until } from './until.ts';

export const hcc = 'dist/apps/cli/src/main.js';

/** What a child process came to. */
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs `hcc` to its end. */
export const runHcc = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  ended(spawn(process.execPath, [hcc, ...args], { env: { ...process.env, NO_COLOR: '1', ...env } }));

/** Collects a child's output until it ends. */
export const ended = (child: ChildProcess): Promise<Ended> =>
  new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });

/** A fresh, short state directory: unix socket paths end at 107 bytes. */
export const freshHome = (): string => mkdtempSync(join(tmpdir(), 'hcc-e2e-'));

export type Role = 'orchestrator' | 'attestor' | 'nats-server' | 'miner-node';

export type Cluster = {
  readonly home: string;
  readonly up: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly url: () => string;
  /** Whether `up` has started all of it: until then it ends when a child of it dies. */
  readonly isUp: () => boolean;
  /** Pids of the running children of one kind. */
  readonly pids: (role: Role) => readonly number[];
  /** Pids of the QEMUs of this home that run owners' VMs. */
  readonly qemus: () => readonly number[];
  /** And of those that run its miners' system VMs. */
  readonly hccams: () => readonly number[];
  readonly call: (method: string, path: string, body?: unknown) => Promise<{ status: number; body: Json }>;
  /** A call that is made again until it succeeds, for a minute: while a process is killed nobody answers. */
  readonly asked: (method: string, path: string, body?: unknown) => Promise<Json>;
  /** `hcc` against this cluster. */
  readonly hcc: (...args: readonly string[]) => Promise<Ended>;
  /** Ctrl-C, and what `up` came to. */
  readonly stop: () => Promise<Ended>;
  /** Ends whatever a failed test left behind, and the directory. */
  readonly destroy: () => Promise<void>;
};

// biome-ignore lint/suspicious/noExplicitAny: answers are read field by field by the assertions.
export type Json = any;

export type ClusterOptions = {
  /** The `hcc` of another build. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** `hcc up` on a home, ready when its API answers ready. */
export const startCluster = async (
  home: string,
  args: readonly string[] = [],
  { program = hcc, env = {} }: ClusterOptions = {},
): Promise<Cluster> => {
  const up = spawn(process.execPath, [program, 'up', '--home', home, '--port', '0', ...args], {
    env: { ...process.env, NO_COLOR: '1', ...(await storeEnv(home)), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = ended(up);
  let said = '';
  up.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const url = (): string => JSON.parse(readFileSync(join(home, 'cluster.json'), 'utf8')).url;
  const pids = (role: Role): readonly number[] =>
    childrenOf(up.pid ?? 0).filter((pid) =>
      commandLine(pid).includes(role === 'nats-server' ? role : `${role}/src/main.js`),
    );
  const isSystemVm = (pid: number): boolean => commandLine(pid).includes('/hccam/');
  const ours = (): readonly number[] => processesWith('qemu-system-x86_64', home);
  const qemus = (): readonly number[] => ours().filter((pid) => !isSystemVm(pid));
  const hccams = (): readonly number[] => ours().filter(isSystemVm);

  const cluster: Cluster = {
    home,
    up,
    ended: end,
    url,
    isUp: () => said.includes('the cluster is up at'),
    pids,
    qemus,
    hccams,
    call: (method, path, body) => call(url(), token(home, 'operator'), method, path, body),
    asked: (method, path, body) =>
      until(`${method} ${path} is answered`, 60_000, async () => {
        try {
          const { status, body: answer } = await cluster.call(method, path, body);
          return status < 300 ? answer : undefined;
        } catch {
          return undefined;
        }
      }),
    hcc: (...rest) => runHcc([...rest], { HCC_HOME: home }),
    stop: async () => {
      up.kill('SIGINT');
      return end;
    },
    destroy: async () => {
      if (up.exitCode === null && up.signalCode === null) {
        // Before their parent dies: then they are nobody's children, and their command lines do not name the home.
        const children = (['orchestrator', 'attestor', 'nats-server', 'miner-node'] as const).flatMap(pids);
        up.kill('SIGKILL');
        for (const pid of children) kill(pid);
      }
      for (const pid of processesWith(home)) kill(pid);
      await end;
      rmSync(home, { recursive: true, force: true });
    },
  };
  try {
    await until('the cluster is ready', 120_000, async () => {
      if (up.exitCode !== null) throw new Error(`hcc up ended with ${up.exitCode}:\n${(await end).stderr}`);
      if (!existsSync(join(home, 'cluster.json'))) return undefined;
      return (await isReady(url())) ? true : undefined;
    });
  } catch (error) {
    await cluster.destroy();
    throw error;
  }
  return cluster;
};

const isReady = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
};

const token = (home: string, role: 'operator' | 'owner'): string =>
  readFileSync(join(home, 'secrets', `${role}.token`), 'utf8').trim();

const call = async (url: string, bearer: string, method: string, path: string, body?: unknown) => {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as Json) };
};

export const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Already gone, which is what was wanted.
  }
};
