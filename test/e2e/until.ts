/** Polls a condition until it gives something other than `undefined`; fails with its name, or what is to be said of it by
 *  then, when the time is up. */
export const until = async <Value>(
  what: string | (() => string),
  waitMs: number,
  look: () => Value | undefined | Promise<Value | undefined>,
): Promise<Value> => {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) {
      throw new Error(`not within ${waitMs / 1000} s: ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** How long a VM with an encrypted disk may take to boot: twenty seconds where nothing else runs, minutes where much does. */
export const bootMs = 420_000;
