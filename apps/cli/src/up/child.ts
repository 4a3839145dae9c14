import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Clock } from '#events';
import { badAnswer } from '../cli-error.ts';
import { limits } from '../limits.ts';
import { spanText } from '../output/time.ts';
import { beginLog, logTail } from './log-tail.ts';
import type { Life, Program } from './supervise.ts';

export type ChildSpec = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The child's whole environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** From SIGTERM to SIGKILL. */
  readonly stopMs: number;
};

/** A child process of ours as a program to supervise. What it writes is appended to its log. */
export const childProgram = (spec: ChildSpec, clock: Clock, note: (text: string) => void): Program => ({
  name: spec.name,
  logFile: spec.logFile,
  launch: () => launch(spec, clock, note),
});

/**
 * No crash of a child writes its memory, and with it keys, to a disk; nor of what it starts. The second is for kernels that
 * hand dumps to a program, which ask no limit (core(5)). Its words stay an array.
 */
const withoutCores = 'ulimit -c 0; echo 0 2>/dev/null >/proc/self/coredump_filter; exec "$@"';

const launch = async (spec: ChildSpec, clock: Clock, note: (text: string) => void): Promise<Life> => {
  const logFrom = await beginLog(spec.logFile);
  const log = await open(spec.logFile, 'a', 0o600);
  const child = spawn('/bin/sh', ['-c', withoutCores, 'hcc', spec.command, ...spec.args], {
    env: spec.env,
    stdio: ['ignore', log.fd, log.fd],
    // Its own process group: the terminal's Ctrl-C must reach only us, who know the order to stop in.
    detached: true,
  });
  let running = true;
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(code === null ? `was ended by ${signal}` : `exited with code ${code}`),
    );
  });
  void gone.then(() => {
    running = false;
  });
  await log.close();
  if (child.pid === undefined) {
    throw badAnswer('child-died', `${spec.name} ${await gone}`, { fix: `check that ${spec.command} is there` });
  }
  return {
    pid: child.pid,
    gone,
    kill: () => void child.kill('SIGKILL'),
    lastWords: () => logTail(spec.logFile, logFrom),
    stop: async () => {
      const startedAt = clock.now();
      let saidAt = startedAt;
      if (running) child.kill('SIGTERM');
      while (running) {
        const done = new AbortController();
        await Promise.race([gone, clock.sleep(limits.pollMs, done.signal)]);
        done.abort();
        const now = clock.now();
        if (running && now - startedAt > spec.stopMs) {
          note(`${spec.name} did not stop in ${spanText(spec.stopMs)} and is ended`);
          child.kill('SIGKILL');
          await gone;
        } else if (running && now - saidAt >= limits.progressEveryMs) {
          saidAt = now;
          note(`${spec.name} is stopping, ${spanText(now - startedAt)}`);
        }
      }
    },
  };
};
