import { ensureNatsOperator, startNatsServer } from '#adapters/nats';
import type { Clock } from '#events';
import { freePort, requireTool, writeFileDurably } from '#host';
import { readSmallFile } from '../context.ts';
import { isPortFree } from './cluster.ts';
import type { Home } from './home.ts';
import { logTail } from './log-tail.ts';
import type { Life, Program } from './supervise.ts';

export type Nats = { readonly program: Program; readonly url: string; readonly secretsDir: string };

/** The nats-server of a home as a program to supervise. Its port stays the same for as long as it can, since miners
 *  remember it; its keys are made the first time. */
export const natsProgram = async (home: Home, cacheDir: string, clock: Clock): Promise<Nats> => {
  const secretsDir = home.path('secrets', 'nats');
  const dir = home.path('nats');
  const logFile = home.path('nats', 'nats-server.log');
  const binary = await requireTool('nats-server', { cacheDir });
  const operator = await ensureNatsOperator(secretsDir);
  const port = await stablePort(home.path('nats', 'port'));
  const launch = async (): Promise<Life> => {
    const server = await startNatsServer({ binary, dir, operator, port, clock });
    let running = true;
    void server.exited.then(() => {
      running = false;
    });
    return {
      pid: server.pid,
      gone: server.exited.then(({ code, signal }) =>
        code === null ? `was ended by ${signal}` : `exited with code ${code}`,
      ),
      stop: () => server.stop(),
      kill: () => {
        if (running) process.kill(server.pid, 'SIGKILL');
      },
      lastWords: () => logTail(logFile, 0),
    };
  };
  return { program: { name: 'nats-server', logFile, launch }, url: `nats://127.0.0.1:${port}`, secretsDir };
};

const stablePort = async (file: string): Promise<number> => {
  const kept = Number((await readSmallFile(file))?.trim() ?? 0);
  if (Number.isInteger(kept) && kept > 0 && kept < 65_536 && (await isPortFree(kept))) return kept;
  const port = await freePort();
  await writeFileDurably(file, `${port}\n`);
  return port;
};
