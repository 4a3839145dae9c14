import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

/** First port we hand out: above what services are registered under, for the most part. */
const firstPort = 15_000;
/** Where Linux begins to hand out ports of its own, unless it says otherwise. */
const usualEphemeralPort = 32_768;
const triesMax = 64;
/** A process is given none of its last so many again: whoever asks for several binds them after it has them all. */
const givenKept = 256;

const given = new Set<number>();

/**
 * A TCP port on 127.0.0.1 that was free a moment ago and is none of the last that this process was given, below those the
 * kernel gives to outgoing connections: one from among these may be taken by any connection before it is bound, or while a
 * VM that keeps its port is stopped.
 * Another process may still take it first: whoever binds must treat "address in use" as a reason to ask for another.
 */
export const freePort = async (): Promise<number> => {
  const end = await firstEphemeralPort();
  for (let tries = 0; end > firstPort && tries < triesMax; tries += 1) {
    const port = randomInt(firstPort, end);
    if (isGiven(port)) continue;
    if ((await bound(port).catch(() => null)) !== null) return port;
  }
  // A kernel that gives out nearly all ports, or a machine that uses nearly all of ours: whatever is free.
  return bound(0);
};

/** Whether a port was given out lately; from now on it was. */
const isGiven = (port: number): boolean => {
  if (given.has(port)) return true;
  given.add(port);
  const [oldest] = given;
  if (given.size > givenKept && oldest !== undefined) given.delete(oldest);
  return false;
};

const firstEphemeralPort = async (): Promise<number> => {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  return Number(/^\d+/.exec(range)?.[0] ?? usualEphemeralPort);
};

/** The port, once it was bound and let go of; 0 lets the kernel choose. */
const bound = (wanted: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the operating system gave no port'));
      });
    });
  });
