import type { Cli } from '../cli.ts';
import type { Api } from '../client/api.ts';
import { followStream, readStream } from '../client/streams.ts';
import { answer } from '../output/answer.ts';
import { causesOf } from '../story/causes.ts';
import { createNarrator } from '../story/lines.ts';
import { outStyle, untilStopped } from './verbs.ts';

export type TellOptions = {
  readonly from?: bigint;
  readonly follow?: boolean;
  readonly json?: boolean;
};

/** Tells a stream as a story, one line per event; with `follow` until Ctrl-C. `--json` gives the events as they are:
 *  one array, or one event per line when following, since that never ends. */
export const tellStream = async (cli: Cli, api: Api, stream: string, options: TellOptions): Promise<void> => {
  const from = options.from ?? 0n;
  // What comes before `from` is not read: causes in it are named by their ids.
  const history = await readStream(api, stream, from);
  const known = options.json === true ? undefined : await causesOf(api, history);
  const narrate = createNarrator(outStyle(cli), known);
  if (options.follow !== true) {
    answer(cli, options.json, history, () => history.map(narrate).join(''));
    return;
  }
  const tell = (event: (typeof history)[number]): void =>
    cli.terminal.out(options.json === true ? `${JSON.stringify(event)}\n` : narrate(event));
  for (const event of history) tell(event);
  await untilStopped(cli, async (signal) => {
    const onBroken = (why: string): void => cli.terminal.err(`hcc: connection lost (${why}), opening it again\n`);
    const next = from + BigInt(history.length);
    for await (const event of followStream(api, stream, { from: next, clock: cli.clock, signal, onBroken }))
      tell(event);
  });
};
