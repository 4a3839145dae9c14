import { type ChildProcess, spawn } from 'node:child_process';
import { access, constants, mkdir, open, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#events';
import { NatsError } from './errors.ts';
import { serverLogLinesShown, serverLogTailBytes, serverPollMs, serverReadyMs, serverStopMs } from './limits.ts';
import { type ServerConfigOptions, serverConfig, serverFiles } from './server-config.ts';

export type StartNatsServerOptions = ServerConfigOptions & {
  /** Path of the nats-server program. */
  readonly binary: string;
  readonly clock: Clock;
};

export type Exit = { readonly code: number | null; readonly signal: string | null };

export type NatsServer = {
  /** `nats://127.0.0.1:4222`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Asks it to stop, and kills it when it does not. Resolves when it is gone; JetStream's files are whole then. */
  stop(): Promise<void>;
  /** Resolves when the process is gone, whoever ended it. */
  readonly exited: Promise<Exit>;
};

/**
 * Starts a nats-server in `dir` and resolves when it takes connections. It runs in a process group of its own, so that a
 * Ctrl-C meant for us does not stop it before what depends on it. Refuses by name: `binary-missing`, `already-running`,
 * `port-in-use`, `server-died-at-start` (with its last words), `server-not-ready`.
 */
export const startNatsServer = async (options: StartNatsServerOptions): Promise<NatsServer> => {
  const { binary, dir, clock } = options;
  await requireProgram(binary);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await refuseSecond(dir);
  const files = serverFiles(dir);
  await writeFile(files.config, serverConfig(options), { mode: 0o600 });
  const started: Started = { ...options, logFrom: await sizeOf(files.log) };

  const stderr = await open(files.stderr, 'w', 0o600);
  const child = spawn(binary, ['-c', files.config], {
    stdio: ['ignore', 'ignore', stderr.fd],
    detached: true,
    env: {},
  });
  const exited = exitOf(child);
  await stderr.close();
  const { pid } = child;
  if (pid === undefined) {
    const { signal } = await exited;
    throw new NatsError('binary-missing', `${binary} could not be started: ${signal ?? 'unknown reason'}`, { binary });
  }

  const server = { pid, exited, stop: () => stopServer(child, exited, clock) };
  try {
    const port = await untilReady(started, pid, exited);
    return { ...server, port, url: `nats://${options.host ?? '127.0.0.1'}:${port}` };
  } catch (error) {
    await server.stop();
    throw error;
  }
};

/** Its log goes on from an earlier run: only what this run wrote counts. */
type Started = StartNatsServerOptions & { readonly logFrom: number };

const untilReady = async (options: Started, pid: number, exited: Promise<Exit>): Promise<number> => {
  const { clock, dir } = options;
  const portsFile = join(dir, `nats-server_${pid}.ports`);
  let exit: Exit | null = null;
  void exited.then((how) => {
    exit = how;
  });
  for (const until = clock.now() + serverReadyMs; clock.now() < until; await clock.sleep(serverPollMs)) {
    if (exit !== null) throw await diedAtStart(options, exit);
    const port = parsePort(await readFile(portsFile, 'utf8').catch(() => ''));
    if (port !== null) {
      await rm(portsFile, { force: true });
      return port;
    }
  }
  throw new NatsError(
    'server-not-ready',
    `nats-server ${pid} took no connection within ${serverReadyMs} ms; it says: ${await lastWords(options)}`,
    { pid, waitedMs: serverReadyMs },
  );
};

/** The ports file lists the addresses it listens on; an unfinished one is no JSON yet. */
const parsePort = (text: string): number | null => {
  const port = /"nats":\s*\[\s*"nats:\/\/[^"]*:(\d+)"/.exec(text)?.[1];
  return port === undefined ? null : Number(port);
};

const diedAtStart = async (options: Started, exit: Exit): Promise<NatsError> => {
  const said = await lastWords(options);
  const { port = 0, host = '127.0.0.1' } = options;
  if (/address already in use/.test(said)) {
    return new NatsError(
      'port-in-use',
      `port ${port} on ${host} is taken, so nats-server cannot listen on it: stop the program that has it ` +
        `(ss -ltnp "sport = :${port}" names it), or choose another port`,
      { port, host },
    );
  }
  const how = exit.code === null ? `was ended by ${exit.signal ?? 'a signal'}` : `exited with code ${exit.code}`;
  return new NatsError('server-died-at-start', `nats-server ${how} before it took a connection; it says: ${said}`, {
    said,
  });
};

/** The ends of its log and of what it wrote to stderr. */
const lastWords = async ({ dir, logFrom }: Started): Promise<string> => {
  const files = serverFiles(dir);
  const log = await readFile(files.log).catch(() => Buffer.alloc(0));
  const stderr = await readFile(files.stderr).catch(() => Buffer.alloc(0));
  // A log that was rotated meanwhile is shorter than it was.
  const said = [log.length < logFrom ? log : log.subarray(logFrom), stderr];
  const lines = said.flatMap((bytes) => bytes.subarray(-serverLogTailBytes).toString('utf8').split('\n'));
  const last = lines.filter((line) => line.trim() !== '').slice(-serverLogLinesShown);
  return last.length === 0 ? 'nothing' : last.join('\n');
};

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => ({ size: 0 }))).size;

const requireProgram = async (binary: string): Promise<void> => {
  await access(binary, constants.X_OK).catch(() => {
    throw new NatsError(
      'binary-missing',
      `${binary}: no such program; run hcc doctor, it says how to get nats-server`,
      {
        binary,
      },
    );
  });
};

/** Two servers on one store would corrupt it. The pid file alone is no proof: its number may be another program's by now. */
const refuseSecond = async (dir: string): Promise<void> => {
  const files = serverFiles(dir);
  const pid = Number((await readFile(files.pid, 'utf8').catch(() => '')).trim());
  if (!Number.isInteger(pid) || pid <= 0) return;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!commandLine.split('\0').includes(files.config)) return;
  const program = await readlink(`/proc/${pid}/exe`).catch(() => 'nats-server');
  throw new NatsError(
    'already-running',
    `${program} with process id ${pid} already serves ${dir}: stop it (kill ${pid})`,
    {
      pid,
      dir,
    },
  );
};

const stopServer = async (child: ChildProcess, exited: Promise<Exit>, clock: Clock): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const patience = new AbortController();
  const late = clock.sleep(serverStopMs, patience.signal).then(() => 'late' as const);
  if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL');
  patience.abort();
  await exited;
};

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ code: null, signal: error.message }));
  });
