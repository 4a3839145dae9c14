import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import type { Accepted, EventView, VmView } from '../client/views.ts';
import type { Context } from '../context.ts';
import { limits } from '../limits.ts';
import { spanText } from '../output/time.ts';
import { createNarrator } from '../story/lines.ts';
import { type Goal, watchVm } from '../up/timeline.ts';
import { errStyle, untilStopped } from './verbs.ts';

/** What a long wait says meanwhile, and how long it is; as any other wait unless given. */
export type Waiting = { readonly meanwhile?: string; readonly waitMs?: number };

/** Shows what a command set off, from its first event on, until the goal is reached; the VM as it is then.
 *  Ctrl-C stops watching and says that the work goes on (exit 1). */
export const waitFor = async (
  cli: Cli,
  { api }: Context,
  vmId: string,
  command: Accepted,
  goal: Goal,
  { meanwhile, waitMs }: Waiting = {},
): Promise<VmView> => {
  const narrate = createNarrator(errStyle(cli));
  // A command that decided nothing found it so already, or under way: its stream's last event is looked at again.
  const made = BigInt(command.events.length);
  const last = BigInt(command.revision);
  const from = made === 0n ? last : last - made + 1n;
  const over = new AbortController();
  if (meanwhile !== undefined) void sayMeanwhile(cli, meanwhile, over.signal);
  const watched = await untilStopped(cli, (signal) =>
    watchVm({
      ...(waitMs !== undefined && { waitMs }),
      api,
      clock: cli.clock,
      vmId,
      from: from < 0n ? 0n : from,
      goal,
      signal,
      show: (event: EventView) => cli.terminal.err(narrate(event)),
      note: (text) => cli.terminal.err(`hcc: ${text}\n`),
    }),
  ).finally(() => over.abort());
  if (watched.ending === 'reached') return api.vm(vmId, watched.event.position);
  throw badAnswer('stopped-watching', `no longer watching vm ${vmId}; the work goes on`, {
    fix: `hcc vm status ${vmId}`,
  });
};

const sayMeanwhile = async (cli: Cli, what: string, over: AbortSignal): Promise<void> => {
  const began = cli.clock.now();
  for (;;) {
    await cli.clock.sleep(limits.meanwhileEveryMs, over);
    if (over.aborted) return;
    cli.terminal.err(`hcc: ${what}, ${spanText(cli.clock.now() - began)}\n`);
  }
};
