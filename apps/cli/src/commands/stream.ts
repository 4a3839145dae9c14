import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import { isApiProblem } from '../client/problem.ts';
import { revisionOption } from '../input/amounts.ts';
import { matchOne } from '../match.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { timeText } from '../output/time.ts';
import { isWholeId } from './accounts.ts';
import { allOption, limitOption, rowsWanted, shownOf } from './lists.ts';
import { tellStream } from './tell-stream.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc stream ...`: the record itself. */
export const addStreamCommands = (program: Command, cli: Cli): void => {
  const stream = program.command('stream').description('event streams: what happened, in order, and why');
  stream
    .command('ls')
    .alias('list')
    .description('list streams')
    .option(...allOption)
    .option(...limitOption)
    .option('--category <category>', 'only vm, account, miner, image or parked')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc stream ls', 'hcc stream ls --category vm --json'))
    .action(async (_options, command: Command) => {
      const { json, category } = optionsOf<{ category?: string }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const streams = shownOf(cli, command, await api.streams(category, rowsWanted(command)));
      const now = cli.clock.now();
      answer(cli, json, streams, () =>
        table(
          ['STREAM', 'EVENTS', 'LAST'],
          streams.map((each) => [each.stream, each.events.toString(), timeText(each.lastAt, now)]),
        ),
      );
    });
  addTelling(stream, cli, 'show');
  addTelling(stream, cli, 'follow');
};

const addTelling = (stream: Command, cli: Cli, verb: 'show' | 'follow'): void => {
  stream
    .command(verb)
    .description(
      verb === 'show' ? "a stream's story: time, event, who, why" : 'the story, and what happens next, until Ctrl-C',
    )
    .argument('<stream>', 'a stream, such as vm-1a2b; a beginning will do')
    .option(...revisionOption('--from <revision>', 'begin at this event instead of the first'))
    .option('--json', verb === 'show' ? jsonOption[1] : 'one event per line, as JSON')
    .addHelpText('after', examples(`hcc stream ${verb} vm-1a2b`, `hcc stream ${verb} miner-7c --from 10`))
    .action(async (text: string, _options, command: Command) => {
      const options = optionsOf<{ from?: bigint }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      await tellStream(cli, api, await streamFor(api, text), { ...options, follow: verb === 'follow' });
    });
};

/** The stream meant by a whole name or a beginning of one. */
const streamFor = async (api: Api, text: string): Promise<string> => {
  const [, category, rest] = /^([a-z]+)-(.+)$/.exec(text) ?? [];
  if (category === undefined || rest === undefined) {
    throw usageError('stream-malformed', `"${text}" names no stream`, {
      wanted: 'CATEGORY-ID, such as vm-1a2b',
      fix: 'hcc stream ls',
    });
  }
  if (isWholeId(rest) || category === 'parked') return text;
  const names = await streamNames(api, category);
  return matchOne('stream', text, names, (name) => ({ id: name, name }));
};

/** An owner may not list streams, but knows those of its VMs. */
const streamNames = async (api: Api, category: string): Promise<readonly string[]> => {
  try {
    return (await api.streams(category)).map(({ stream }) => stream);
  } catch (error) {
    if (category !== 'vm' || !isApiProblem(error, 'forbidden')) throw error;
    return (await api.vms()).map(({ vmId }) => `vm-${vmId}`);
  }
};
