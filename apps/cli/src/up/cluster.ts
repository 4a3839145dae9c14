import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import type { Clock } from '#events';
import { errnoOf, freePort, isAlive, killProcess } from '#host';
import { badAnswer } from '../cli-error.ts';
import { limits } from '../limits.ts';
import type { Home } from './home.ts';

export const apiHost = '127.0.0.1';

/** The port for the API: the wanted one, or for 0 one that is free. Refuses `port-in-use`, naming the fix. */
export const claimPort = async (wanted: number): Promise<number> => {
  if (wanted === 0) return freePort();
  if (await isPortFree(wanted)) return wanted;
  throw badAnswer('port-in-use', `port ${wanted} is used by another program`, {
    observed: `${apiHost}:${wanted} is taken`,
    wanted: 'a free port for the API',
    fix: 'choose another one: hcc up --port 0 (npm start -- --port 0)',
  });
};

/** Whether nobody listens on a port of this machine. */
export const isPortFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (errnoOf(error) === 'EADDRINUSE' || errnoOf(error) === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, apiHost, () => server.close(() => resolve(true)));
  });

/** What each of `count` miners on this one machine offers. Processors may be promised more than once, since small VMs
 *  idle; memory and disk may not. */
export const minerOffer = async (homeDir: string, count: number): Promise<Readonly<Record<string, string>>> => {
  const disk = await statfs(homeDir);
  const whole = (amount: number): string => Math.floor(amount).toString();
  return {
    HCC_MINER_VCPUS: whole(Math.max(4, availableParallelism())),
    HCC_MINER_MEMORY_BYTES: whole((totalmem() * 0.6) / count),
    HCC_MINER_DISK_BYTES: whole((disk.bavail * disk.bsize * 0.6) / count),
  };
};

/** The part of our environment that children get; secrets go in files. */
export const childEnv = (env: NodeJS.ProcessEnv, own: Readonly<Record<string, string>>): NodeJS.ProcessEnv => {
  const passed = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'XDG_RUNTIME_DIR', 'XDG_CACHE_HOME'];
  const kept = passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { ...Object.fromEntries(kept), ...own };
};

/** Ends what an `up` that was killed left running, so that this one can take its place: miners at once, since their VMs
 *  outlive them and are taken over; the others in order. */
export const endLeftovers = async (home: Home, clock: Clock, note: (text: string) => void): Promise<void> => {
  const left = await home.leftovers();
  const rank = ({ name }: { readonly name: string }): number =>
    name.startsWith('miner') ? 0 : name === 'orchestrator' ? 1 : 2;
  for (const { name, identity } of [...left].sort((a, b) => rank(a) - rank(b))) {
    note(`ending ${name} (process ${identity.pid}), left by an earlier run that was killed`);
    if (rank({ name }) > 0) await askToEnd(identity.pid);
    const deadlineAt = clock.now() + (rank({ name }) > 0 ? limits.childStopMs : 0);
    while ((await isAlive(identity)) && clock.now() < deadlineAt) await clock.sleep(limits.pollMs);
    await killProcess(identity);
    while (await isAlive(identity)) await clock.sleep(limits.pollMs);
    await home.noteChild(name, null);
  }
};

const askToEnd = async (pid: number): Promise<void> => {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
};
