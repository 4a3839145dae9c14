import type { Cli, Manner } from '../cli.ts';
import { exitCodes } from '../cli-error.ts';
import { untilStopped } from '../commands/verbs.ts';
import { limits } from '../limits.ts';
import { failureOf } from '../output/errors.ts';
import { openFeed } from './feed.ts';

/** Top of the screen, and nothing below. */
const clear = '\u001b[H\u001b[J';

/**
 * Answers again until Ctrl-C: when something happens, where the log can be followed, and every so often. A terminal is
 * drawn anew; a pipe gets an answer only when something changed. Nobody to reach is said once and waited for, since a
 * restart of the server is no reason to stop looking.
 */
export const watchOn = async (
  cli: Cli,
  { everyMs, follows }: NonNullable<Manner['watch']>,
  run: (cli: Cli) => Promise<void>,
): Promise<void> => {
  let before = cli.manner.last;
  let broken = false;
  const over = new AbortController();
  await untilStopped(cli, async (stopped) => {
    const signal = AbortSignal.any([stopped, over.signal]);
    const feed = openFeed(follows ? cli.manner.seen : null, cli.clock, signal);
    let happened = false;
    for (;;) {
      const restMs = feed.isLive() ? limits.watchFollowedMs : everyMs;
      happened = await feed.next(happened ? Math.min(limits.watchSurelyMs, restMs) : restMs);
      if (happened) await cli.clock.sleep(limits.watchSettleMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const said: string[] = [];
      const terminal = { ...cli.terminal, out: (text: string) => void said.push(text) };
      try {
        await run({ ...cli, terminal });
        broken = false;
      } catch (error) {
        const failure = failureOf(error);
        if (failure.exitCode !== exitCodes.unreachable) throw error;
        if (!broken) cli.terminal.err(`hcc: ${failure.message}; asking again\n`);
        broken = true;
        continue;
      }
      if (cli.terminal.outIsTty) cli.terminal.out(`${clear}${said.join('')}`);
      else if (cli.manner.last !== before) cli.terminal.out(said.join(''));
      before = cli.manner.last;
    }
  }).finally(() => over.abort());
  cli.terminal.err('hcc: no longer watching; the work goes on\n');
};
