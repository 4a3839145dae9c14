import { spawn } from 'node:child_process';
import { Stop } from '../stop.ts';
import { limits } from './limits.ts';

/** Programs of the first RAM disk. Arguments are in every process's sight; a secret goes in as `input`. */
export type Commands = {
  /** Runs a program to its end. Rejects with CommandFailed, which has the last of what it said. */
  run(program: string, args: readonly string[], input?: Uint8Array): Promise<void>;
};

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** No udev runs here: libdevmapper is told, or it would wait for one. */
const env = { PATH: '/bin:/sbin:/usr/bin:/usr/sbin', LC_ALL: 'C', DM_DISABLE_UDEV: '1' };

/** Commands of which each has so long; 0 for as long as it takes, without a timer. */
export const commandsWithin = (timeoutMs: number): Commands => ({
  run: (program, args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        env,
        stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe'],
        timeout: timeoutMs,
      });
      let said = '';
      const fail = (how: string) => reject(new CommandFailed(`${program} ${how}: ${said.trim() || 'it said nothing'}`));
      child.stderr?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString('latin1').replace(/[^\x20-\x7e\n]/g, '?')).slice(-limits.commandOutputBytes);
      });
      // A program that ends before it has read its input says by its exit code why.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
      child.once('error', (error) => fail(`did not start, ${error.message}`));
      child.once('close', (code, signal) => (code === 0 ? resolve() : fail(`ended with ${code ?? signal}`)));
    }),
});

/** Makes a program's failure one of the boot, under this code. */
export const stopWith =
  (code: string) =>
  (error: unknown): never => {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Stop(code, error.message);
  };
