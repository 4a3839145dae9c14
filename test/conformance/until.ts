import { setTimeout } from 'node:timers/promises';

/** How long a condition may take before its test fails. */
const deadlineMs = 15_000;
const pollMs = 5;

/** Resolves when a condition holds, asking again and again and letting things arrive in between; fails by name when it never does. */
export const until = async (
  what: string,
  condition: () => boolean | Promise<boolean>,
  between: () => Promise<void> = async () => undefined,
): Promise<void> => {
  for (let waitedMs = 0; waitedMs < deadlineMs; waitedMs += pollMs) {
    await between();
    if (await condition()) return;
    await setTimeout(pollMs);
  }
  throw new Error(`still not so after ${deadlineMs} ms: ${what}`);
};
