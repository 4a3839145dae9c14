import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../apps/miner-node/src/main.ts', import.meta.url));

export type AgentProcess = {
  readonly pid: number;
  /** Its log and last line, so far. */
  stderr(): string;
  /** Sends a signal and waits for the end; the exit code, `null` after a deadly signal. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
  readonly ended: Promise<number | null>;
};

/** A miner agent of its own, from these sources, with this environment and nothing else. */
export const startAgent = (env: Readonly<Record<string, string>>): AgentProcess => {
  const child: ChildProcess = spawn(process.execPath, ['--conditions=hcc-source', main], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(() => child.exitCode);
  return {
    pid: child.pid ?? 0,
    stderr: () => stderr,
    end: async (signal) => {
      child.kill(signal);
      return ended;
    },
    ended,
  };
};
