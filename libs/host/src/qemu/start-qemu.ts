import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { blockDeviceOf } from '../cgroup/block-device.ts';
import type { Cgroups } from '../cgroup/open-cgroups.ts';
import { makeVmCgroup, removeVmCgroup, vmCgroup } from '../cgroup/vm-cgroup.ts';
import { ensurePrivateDir } from '../dirs.ts';
import { HostError, isHostError } from '../errors.ts';
import { lastLines } from '../exec.ts';
import { limits } from '../limits.ts';
import { requireTool } from '../tools/find-tool.ts';
import { letRun } from './let-run.ts';
import { type VmHardware, vmArgs } from './qemu-args.ts';
import { findQemuProcess, readStartTicks } from './qemu-process.ts';
import { QmpClient } from './qmp-client.ts';
import type { RunningVm } from './running-vm.ts';
import type { SealedVmHardware } from './sealed-vm-args.ts';
import type { VmFiles } from './vm-files.ts';
import { vmLimits } from './vm-limits.ts';

export type StartOptions = {
  readonly qemuPath?: string;
  readonly signal?: AbortSignal;
  /** The host's control groups, where it has any: the VM is held to its limits in one of its own. */
  readonly cgroups?: Cgroups;
};

/** Starts a VM and promises a QEMU that answers. It runs in its own session and outlives the caller. The guest runs its
 *  first instruction once the limits are set and its console is listened to.
 *  Refuses with `qemu-already-running`, `port-in-use` (ask for another port and try again), `cgroup-refused`, or
 *  `qemu-died-at-start` with QEMU's own words. A `signal` that fires ends the half-started QEMU. */
export async function startQemu(
  hardware: VmHardware | SealedVmHardware,
  options: StartOptions = {},
): Promise<RunningVm> {
  const { files, vmId } = hardware;
  const args = vmArgs(hardware);
  const qemuPath = options.qemuPath ?? (await requireTool('qemu-system-x86_64'));
  const running = await findQemuProcess(vmId, files);
  if (running !== undefined) {
    throw new HostError('qemu-already-running', `VM ${vmId} already runs as process ${running.pid}: adopt it instead`, {
      vmId,
      pid: running.pid,
    });
  }
  await prepare(files);
  const cgroup = options.cgroups === undefined ? undefined : vmCgroup(options.cgroups, vmId);
  if (cgroup !== undefined) await makeVmCgroup(cgroup, vmLimits(hardware), await blockDeviceOf(files.dir));
  // -S: QEMU is there and its guest is not yet.
  const child = await launch(qemuPath, [...args, '-S'], files);
  const gaveUp = new AbortController();
  const died = exitOf(child).then(async (how) => {
    gaveUp.abort();
    throw diedAtStart(hardware, how, await readTail(files.qemuLog));
  });
  const signal = options.signal === undefined ? gaveUp.signal : AbortSignal.any([gaveUp.signal, options.signal]);
  try {
    const answering = QmpClient.connect(files.qmpSocket, { timeoutMs: limits.qemuStartTimeoutMs, signal });
    // Once QEMU is gone its end is the better explanation than a monitor that does not answer.
    const qmp = await Promise.race([
      died,
      answering.catch((error: unknown) => (gaveUp.signal.aborted ? died : Promise.reject(error))),
    ]);
    const pid = child.pid ?? 0;
    const process = { pid, startTicks: (await readStartTicks(pid)) ?? '' };
    return await Promise.race([died, letRun({ vmId, process, files, qmp, cgroup }, 'from its start')]);
  } catch (error) {
    if (!isHostError(error, 'qemu-died-at-start') && !isHostError(error, 'port-in-use')) child.kill('SIGKILL');
    await died.catch(() => undefined);
    if (cgroup !== undefined) await removeVmCgroup(cgroup).catch(unlessHostError);
    throw error;
  } finally {
    died.catch(() => undefined);
    child.unref();
  }
}

/** What an earlier run left behind goes; its console log stays. */
async function prepare(files: VmFiles): Promise<void> {
  await mkdir(files.dir, { recursive: true, mode: 0o700 });
  await ensurePrivateDir(files.socketDir);
  const { qmpSocket, agentSocket, guestSocket, chipSocket, serialSocket, pidFile } = files;
  for (const stale of [qmpSocket, agentSocket, guestSocket, chipSocket, serialSocket, pidFile]) {
    await rm(stale, { force: true });
  }
}

async function launch(qemuPath: string, args: readonly string[], files: VmFiles): Promise<ChildProcess> {
  const log = await open(files.qemuLog, 'w', 0o600);
  try {
    // The agent's environment, which may hold credentials, stays out of a process that serves a guest.
    const env = { PATH: process.env.PATH, LC_ALL: 'C' };
    return spawn(qemuPath, args, { detached: true, stdio: ['ignore', log.fd, log.fd], cwd: files.dir, env });
  } finally {
    await log.close();
  }
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) =>
      resolve(code === null ? `ended by ${signal ?? 'a signal'}` : `exited with code ${code}`),
    );
  });
}

function diedAtStart(hardware: VmHardware | SealedVmHardware, how: string, log: string): HostError {
  const said = lastLines(log);
  const facts = { vmId: hardware.vmId, stderr: said };
  if (said.includes('Could not set up host forwarding rule')) {
    return new HostError('port-in-use', `port ${hardware.sshPort} on 127.0.0.1 is in use, wanted a free one`, {
      ...facts,
      sshPort: hardware.sshPort,
    });
  }
  return new HostError(
    'qemu-died-at-start',
    `QEMU of VM ${hardware.vmId} ${how} at once: ${said || 'it said nothing'}`,
    facts,
  );
}

function unlessHostError(error: unknown): void {
  if (!isHostError(error)) throw error;
}

async function readTail(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(size, limits.qemuLogTailBytesMax);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
