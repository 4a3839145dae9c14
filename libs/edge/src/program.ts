import type { Clock } from '#events';
import { createLifecycle, type Lifecycle, Stopping } from './lifecycle.ts';
import { programStopMs } from './limits.ts';
import type { Log } from './log.ts';

export type Program = {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Starts every part on the lifecycle. What it throws ends the program. */
  readonly start: (lifecycle: Lifecycle) => Promise<void>;
};

/**
 * Runs a program until SIGTERM or SIGINT, then stops its parts in order and exits 0. A start that cannot succeed says
 * so in one plain line on stderr and exits 1; a second signal does not wait any longer.
 */
export const runProgram = async ({ name, clock, log, start }: Program): Promise<void> => {
  const lifecycle = createLifecycle({ log, clock });
  let stopping = false;
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(130);
        stopping = true;
        resolve(signal);
      });
    }
  });
  process.on('uncaughtException', (error) => {
    log('error', 'uncaught: the program ends, its next start goes on from what is durable', { error });
    process.exit(1);
  });

  try {
    const outcome = await Promise.race([start(lifecycle).then(() => 'started' as const), signalled]);
    if (outcome === 'started') log('info', 'started', { program: name });
    const signal = await signalled;
    log('info', 'stopping', { program: name, signal });
    await bounded(lifecycle.stop(), clock);
    log('info', 'stopped', { program: name });
    process.exit(0);
  } catch (error) {
    await bounded(lifecycle.stop(), clock);
    if (isBug(error)) log('error', 'start failed', { error });
    process.stderr.write(`${plainLine(name, error)}\n`);
    process.exit(1);
  }
};

/** One line a person can act on; no stack. */
export const plainLine = (name: string, error: unknown): string => {
  const said = error instanceof Error ? error.message : String(error);
  return `${name}: ${said.replace(/\s*\n\s*/g, ' ').trim()}`;
};

const bounded = (stop: Promise<void>, clock: Clock): Promise<void> => Promise.race([stop, clock.sleep(programStopMs)]);

/** A reason nobody foresaw: its stack belongs in the log. */
const isBug = (error: unknown): boolean =>
  !(error instanceof Stopping) &&
  (!(error instanceof Error) ||
    error instanceof TypeError ||
    error instanceof ReferenceError ||
    error instanceof RangeError ||
    error.message.startsWith('BUG'));

/** A program's configuration, or its end: what is wrong with it is said in one plain line on stderr. */
export const configOrExit = <Config>(name: string, read: () => Config): Config => {
  try {
    return read();
  } catch (error) {
    process.stderr.write(`${plainLine(name, error)}\n`);
    process.exit(1);
  }
};
