/** A process of the orchestrator, from its start to its end. Code of one that ended never goes on: its promises stay open. */
export type Life = {
  readonly name: string;
  isAlive(): boolean;
  isPaused(): boolean;
  /** Goes on when the process runs: at once, once it is resumed, or never. */
  here(): Promise<void>;
  /** Ends it in the middle of what it does. What is returned never resolves. */
  end(): Promise<never>;
  /** Rejects at its end, for those outside who wait for it. */
  readonly ended: Promise<never>;
  pause(): void;
  resume(): void;
};

/** Somebody waited for a process that ended. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';
}

export const createLife = (name: string, onEnd: () => void): Life => {
  let alive = true;
  let paused = false;
  const waiting: (() => void)[] = [];
  let reject: (error: Error) => void = () => undefined;
  const ended = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  ended.catch(() => undefined);
  return {
    name,
    isAlive: () => alive,
    isPaused: () => paused,
    here: () => {
      if (alive && !paused) return Promise.resolve();
      return new Promise((resolve) => {
        if (alive) waiting.push(resolve);
      });
    },
    end: () => {
      if (alive) {
        alive = false;
        waiting.length = 0;
        reject(new ProcessEnded(`${name} ended`));
        onEnd();
      }
      return new Promise<never>(() => undefined);
    },
    ended,
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      for (const goOn of waiting.splice(0)) goOn();
    },
  };
};
