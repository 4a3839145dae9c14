import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, HostError } from './errors.ts';
import { limits } from './limits.ts';

/** Runs `work` while no other process of this machine runs work under the same name, and waits for its turn first.
 *  Refuses with `lock-timed-out` after `timeoutMs`.
 *  The lock is an abstract unix socket: the kernel gives it back the moment its holder dies, so none is ever stale.
 *  Processes in different network namespaces do not see each other's locks: the work must still end in an atomic step. */
export async function withLock<T>(
  name: string,
  work: () => Promise<T>,
  timeoutMs: number = limits.lockTimeoutMs,
): Promise<T> {
  const server = await acquire(name, timeoutMs);
  try {
    return await work();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function acquire(name: string, timeoutMs: number): Promise<Server> {
  const address = `\0hcc-lock-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  const deadline = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const server = await tryListen(address);
    if (server !== undefined) return server;
    if (deadline.aborted) {
      throw new HostError('lock-timed-out', `another process has held the lock on ${name} for ${timeoutMs} ms`, {
        name,
      });
    }
    await pause(limits.pollMs);
  }
}

function tryListen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if (errnoOf(error) === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve(server));
  });
}
