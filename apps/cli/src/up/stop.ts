import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import { limits } from '../limits.ts';
import { failureOf } from '../output/errors.ts';
import type { Fleet } from './fleet.ts';
import type { Steps } from './report.ts';

type Stoppable = { readonly cli: Cli; readonly steps: Steps; readonly stop: AbortController; readonly fleet: Fleet };

/** Whether what ended a run is a person's wish, not a failure. */
export const isInterruption = (error: unknown): boolean => failureOf(error).code === interrupted;

const interrupted = 'interrupted';

/** Makes Ctrl-C, SIGTERM and SIGHUP abort `stop`; a second one, from a person who insists, ends every child at once.
 *  Returns what takes that back. */
export const stopOnSignal = ({ cli, steps, stop, fleet }: Stoppable): (() => void) => {
  let firstAt = 0;
  return cli.onStopSignal((signal) => {
    const now = cli.clock.now();
    if (!stop.signal.aborted) {
      firstAt = now;
      stop.abort(badAnswer(interrupted, `stopped by ${signal}`));
      steps.note('stopping; Ctrl-C again forces it');
    } else if (now - firstAt > limits.secondCtrlCMs) {
      steps.note('forced: VMs may still run, and are taken over by the next start');
      cli.exit.code = 1;
      fleet.kill();
    }
  });
};

/** Resolves when a person asked for the end; refuses with what made us give up. */
export const stopWanted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (): void => {
      if (isInterruption(signal.reason)) resolve();
      else reject(signal.reason);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
