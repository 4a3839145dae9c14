import type { Clock } from '#events';
import { badAnswer, type CliError } from '../cli-error.ts';
import { limits } from '../limits.ts';
import { spanText } from '../output/time.ts';
import type { Look, NotYet } from './not-yet.ts';

/** One life of a program: from its start to its death. */
export type Life = {
  readonly pid: number;
  /** How it ended, in words: `exited with code 1`. */
  readonly gone: Promise<string>;
  /** SIGTERM, then SIGKILL after its time. Resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL now. */
  kill(): void;
  /** The last lines of what it said in this life. */
  lastWords(): Promise<readonly string[]>;
};

export type Program = {
  /** What people call it: `orchestrator`, `miner-1`. */
  readonly name: string;
  readonly logFile: string;
  /** Starts it. Refuses when it cannot be started at all. */
  readonly launch: () => Promise<Life>;
};

export type Supervision = {
  readonly clock: Clock;
  readonly note: (text: string) => void;
  /** Told of each process that runs, and with `null` when it is gone: whoever comes after a crash of ours must know. */
  readonly onProcess: (name: string, pid: number | null) => Promise<void>;
  /** Told once, when starting it again has stopped helping. */
  readonly onGaveUp: (error: Error) => void;
};

export type Supervised = {
  readonly name: string;
  /** Orderly stop; resolves when it is gone, at once when it already is. */
  stop(): Promise<void>;
  /** SIGKILL now. */
  kill(): void;
};

/** Starts a program and promises it ready. Until then its death is an error that carries its last words; from then on
 *  its death is reported and it is started again, after growing pauses and a bounded number of times. `waits` hears what it
 *  still does; one that gets on may take as long as its past is.
 *  Refuses `child-died` and `child-not-ready`, and leaves nothing running then. */
export const startSupervised = async (
  program: Program,
  look: Look,
  supervision: Supervision,
  { signal, waits }: { readonly signal: AbortSignal; readonly waits: (says: string) => void },
): Promise<Supervised> => {
  const first = await begin(program, supervision);
  try {
    await untilReady(program, first, look, { clock: supervision.clock, signal, waits });
  } catch (error) {
    await first.stop();
    await supervision.onProcess(program.name, null);
    throw error;
  }
  return keepAlive(program, first, supervision);
};

const keepAlive = (program: Program, first: Life, supervision: Supervision): Supervised => {
  const stopping = new AbortController();
  let life: Life | null = first;
  let killed = false;

  const next = async (): Promise<void> => {
    life = await begin(program, supervision);
    if (killed) life.kill();
  };
  const watching = restartForEver(program, () => life, next, supervision, stopping.signal).catch((error: unknown) =>
    supervision.onGaveUp(error instanceof Error ? error : new Error(String(error))),
  );

  return {
    name: program.name,
    stop: async () => {
      stopping.abort();
      await life?.stop();
      await watching;
      // A life that began while we were stopping the one before.
      await life?.stop();
      await supervision.onProcess(program.name, null);
    },
    kill: () => {
      stopping.abort();
      killed = true;
      life?.kill();
    },
  };
};

/** Waits for each death and starts the next life. Returns when stopping; throws the last death when that stops helping. */
const restartForEver = async (
  program: Program,
  current: () => Life | null,
  next: () => Promise<void>,
  { clock, note }: Supervision,
  stopping: AbortSignal,
): Promise<void> => {
  let restartsAt: readonly number[] = [];
  let pauseMs: number = limits.restartMs;
  for (let startFailure: CliError | null = null; ; ) {
    const bornAt = clock.now();
    const life = current();
    const how = startFailure === null ? await life?.gone : undefined;
    if (stopping.aborted) return;
    const death = startFailure ?? (await deathOf(program, life, how ?? 'ended'));
    const now = clock.now();
    restartsAt = restartsAt.filter((at) => now - at < limits.restartWindowMs);
    if (restartsAt.length >= limits.restartsMax) throw death;
    if (now - bornAt > limits.restartMsMax) pauseMs = limits.restartMs;
    note([`${death.message}; starting it again in ${spanText(pauseMs)}`, ...(death.facts.more ?? [])].join('\n  '));
    await clock.sleep(pauseMs, stopping);
    if (stopping.aborted) return;
    restartsAt = [...restartsAt, now];
    pauseMs = Math.min(pauseMs * 2, limits.restartMsMax);
    startFailure = await next().then(
      () => null,
      (error: unknown) => badAnswer('child-died', `${program.name} could not be started again: ${messageOf(error)}`),
    );
  }
};

const begin = async (program: Program, supervision: Supervision): Promise<Life> => {
  const life = await program.launch();
  await supervision.onProcess(program.name, life.pid);
  return life;
};

const untilReady = async (
  program: Program,
  life: Life,
  look: Look,
  waiting: { readonly clock: Clock; readonly signal: AbortSignal; readonly waits: (says: string) => void },
): Promise<void> => {
  const { clock, signal, waits } = waiting;
  let movedAt = clock.now();
  let before: NotYet | null = null;
  let died: string | undefined;
  void life.gone.then((how) => {
    died = how;
  });
  for (;;) {
    signal.throwIfAborted();
    const now = await look(signal);
    if (now === null) return;
    if (died !== undefined) throw await deathOf(program, life, died);
    if (now.mark !== before?.mark) movedAt = clock.now();
    before = now;
    waits(now.says);
    if (clock.now() - movedAt > limits.childReadyMs) {
      throw badAnswer('child-not-ready', `${program.name} runs but is not ready`, {
        observed: `for ${spanText(limits.childReadyMs)} nothing else than: ${now.says}`,
        more: await life.lastWords(),
        fix: `its log is ${program.logFile}`,
      });
    }
    await Promise.race([clock.sleep(limits.pollMs, signal), life.gone]);
  }
};

const deathOf = async (program: Program, life: Life | null, how: string): Promise<CliError> =>
  badAnswer('child-died', `${program.name} ${how}`, {
    more: (await life?.lastWords()) ?? [],
    fix: `its log is ${program.logFile}`,
  });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
