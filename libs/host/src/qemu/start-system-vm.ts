import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensurePrivateDir } from '../dirs.ts';
import { HostError } from '../errors.ts';
import { lastLines } from '../exec.ts';
import { limits } from '../limits.ts';
import { requireTool } from '../tools/find-tool.ts';
import { findQemuProcess, killProcess, type ProcessIdentity, readStartTicks } from './qemu-process.ts';
import { type SystemVmHardware, systemVmArgs } from './system-vm-args.ts';

/** A system VM that runs. It holds nothing worth keeping: it ends with whoever started it, or at its `kill`. */
export type SystemVm = {
  readonly process: ProcessIdentity;
  /** Fulfilled once QEMU is gone, with the last lines of what it and its guest said. */
  readonly exited: Promise<string>;
  kill(): Promise<void>;
};

/** Starts a system VM, after ending one of the same id that an earlier agent left. What its console prints goes to
 *  `consolePath`, which holds at most one file's worth and begins anew at each start.
 *  Refuses with `qemu-died-at-start`, in QEMU's own words, when there is no process to speak of. */
export async function startSystemVm(hardware: SystemVmHardware, consolePath: string): Promise<SystemVm> {
  const args = systemVmArgs(hardware);
  const qemuPath = await requireTool('qemu-system-x86_64');
  await killSystemVm(hardware);
  await prepare(hardware, consolePath);
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  const child = spawn(qemuPath, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: dirname(consolePath), env });
  const tell = keepConsole([child.stdout, child.stderr], consolePath);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', () => resolve(tell()));
  });
  if (child.pid === undefined) {
    throw new HostError('qemu-died-at-start', `QEMU of the system VM did not start: ${await exited}`);
  }
  const identity = { pid: child.pid, startTicks: (await readStartTicks(child.pid)) ?? '' };
  return {
    process: identity,
    exited,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Ends a system VM that an earlier agent left, if there is one. */
export async function killSystemVm({ vmId, pidFile }: Pick<SystemVmHardware, 'vmId' | 'pidFile'>): Promise<void> {
  const left = await findQemuProcess(vmId, { pidFile });
  if (left !== undefined) await killProcess(left);
}

async function prepare({ ports, pidFile }: SystemVmHardware, consolePath: string): Promise<void> {
  await mkdir(dirname(consolePath), { recursive: true, mode: 0o700 });
  for (const { socketPath } of ports) {
    await ensurePrivateDir(dirname(socketPath));
    await rm(socketPath, { force: true });
  }
  await rm(pidFile, { force: true });
}

/** Writes what comes to a file up to its limit, until asked for the last lines of it. */
function keepConsole(streams: readonly NodeJS.ReadableStream[], path: string): () => string {
  const file = createWriteStream(path, { mode: 0o600 });
  // A full disk must not end the agent; the tail is kept in memory all the same.
  file.on('error', () => undefined);
  let written = 0;
  let tail = '';
  for (const stream of streams) {
    stream.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString('latin1')).slice(-limits.commandStderrBytesMax);
      if (written < limits.consoleFileBytesMax) file.write(chunk);
      written += chunk.length;
    });
  }
  return () => {
    file.end();
    return readable(lastLines(tail));
  };
}

/** A guest's console in a log line: printable ASCII. */
function readable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\n]+/g, ' ').trim();
}
