import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { timeText } from '../output/time.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc parked ...`: what a consumer could not handle. */
export const addParkedCommands = (program: Command, cli: Cli): void => {
  const parked = program.command('parked').description('events that a consumer could not handle');
  parked
    .command('ls')
    .alias('list')
    .description('list parked events, oldest first')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc parked ls', 'hcc parked ls --json'))
    .action(async (_options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const items = await api.parked();
      const now = cli.clock.now();
      answer(cli, optionsOf(command).json, items, () =>
        items.length === 0
          ? 'nothing is parked\n'
          : table(
              ['CONSUMER', 'EVENT', 'STREAM', 'TRIES', 'FIRST', 'LAST', 'REASON'],
              items.map((item) => [
                item.consumer,
                item.eventType,
                `${item.stream}@${item.revision}`,
                item.attempts.toString(),
                timeText(item.firstSeenAt, now),
                timeText(item.lastSeenAt, now),
                item.reason,
              ]),
            ),
      );
    });
};
