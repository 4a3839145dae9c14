import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, HostError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type ConsoleLog, openConsoleLog } from './console-log.ts';

/** Our end of a VM's serial console. */
export type ConsoleRecorder = {
  /** Fulfilled when everything that came is in the log and the console's other end, or ours, is closed. Never rejected. */
  readonly done: Promise<void>;
  /** Listens no more; the VM goes on, and what it prints meanwhile is dropped by QEMU. */
  stop(): void;
};

/** Connects to a serial socket and writes what the guest prints to the log at `path`, as fast as the disk takes it: a
 *  guest that prints more waits. `isLate` says that others listened before us, or nobody did.
 *  Refuses with `console-unreachable` when nobody answers within `timeoutMs`. */
export async function recordConsole(options: {
  readonly socketPath: string;
  readonly logPath: string;
  readonly isLate: boolean;
  readonly timeoutMs?: number;
}): Promise<ConsoleRecorder> {
  const { socketPath, logPath, isLate } = options;
  const socket = await connectPatiently(socketPath, options.timeoutMs ?? limits.qmpCommandTimeoutMs);
  let log: ConsoleLog;
  try {
    log = await openConsoleLog(logPath);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  if (isLate) await log.append(awayMark);
  return { done: copy(socket, log), stop: () => socket.destroy() };
}

const awayMark = Buffer.from('\n[hcc: the agent was away; what the guest printed meanwhile is not kept]\n');

async function copy(socket: Socket, log: ConsoleLog): Promise<void> {
  try {
    // One chunk at a time: the socket is not read while the disk writes.
    for await (const chunk of socket) if (Buffer.isBuffer(chunk)) await log.append(chunk);
  } catch (error) {
    // However the connection ends, the console is over: what came is kept.
    if (errnoOf(error) === undefined) throw error;
  } finally {
    await log.close();
  }
}

async function connectPatiently(path: string, timeoutMs: number): Promise<Socket> {
  const deadline = AbortSignal.timeout(timeoutMs);
  for (;;) {
    try {
      return await open(path);
    } catch (error) {
      const observed = errnoOf(error) ?? String(error);
      if (deadline.aborted) {
        const message = `the serial console at ${path} did not answer within ${timeoutMs} ms: ${observed}`;
        throw new HostError('console-unreachable', message, { path, observed });
      }
    }
    await pause(limits.pollMs);
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
