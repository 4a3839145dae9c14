import type { Cli } from '../cli.ts';
import { exitCodes } from '../cli-error.ts';
import { untilStopped } from '../commands/verbs.ts';
import { failureOf } from '../output/errors.ts';

/** Top of the screen, and nothing below. */
const clear = '\u001b[H\u001b[J';

/**
 * Answers again every `everyMs` until Ctrl-C. A terminal is drawn anew; a pipe gets an answer only when something
 * changed. Nobody to reach is said once and waited for, since a restart of the server is no reason to stop looking.
 */
export const watchOn = async (cli: Cli, everyMs: number, run: (cli: Cli) => Promise<void>): Promise<void> => {
  let before = cli.manner.last;
  let broken = false;
  await untilStopped(cli, async (signal) => {
    for (;;) {
      await cli.clock.sleep(everyMs, signal).catch(() => undefined);
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
  });
  cli.terminal.err('hcc: no longer watching; the work goes on\n');
};
