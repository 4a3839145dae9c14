import { type Command, Option } from 'commander';
import type { Cli, Manner } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import { secondsOption } from '../input/moments.ts';
import { limits } from '../limits.ts';
import { formats, parseFormat } from '../output/format.ts';
import { leavesOf, takes } from './tree.ts';

/**
 * What every command has, added to the whole tree at once, so that no noun can forget it: `--format` beside `--json`,
 * `--watch` on what shows how things are, `--detach` and `--monitor` on what takes long, and plural nouns.
 */
export const applyConventions = (program: Command, cli: Cli): Command => {
  for (const noun of program.commands) {
    const plural = `${noun.name()}s`;
    if (noun.commands.length > 0 && !noun.name().endsWith('s')) noun.alias(plural);
  }
  for (const leaf of leavesOf(program)) {
    if (takes(leaf, '--json') && !takes(leaf, '--format')) {
      leaf.addOption(new Option('--format <format>', `answer as ${formats.join(', ')}`).default('table', 'table'));
      leaf.hook('preAction', (_, command) => chooseFormat(command, cli));
    }
    if (takes(leaf, '--json') && ['ls', 'status'].includes(leaf.name())) {
      leaf.option(
        ...secondsOption(
          '-w, --watch [seconds]',
          'answer again when something happens, or every so often; Ctrl-C stops watching, never the work',
        ),
      );
      leaf.hook('preAction', (_, command) => {
        cli.manner.watch = watchOf(command.getOptionValue('watch'));
      });
    }
    if (takes(leaf, '--no-wait')) {
      leaf.option('--detach', 'the same as --no-wait').option('--monitor', 'the same as --wait');
      leaf.hook('preAction', (_, command) => chooseWait(command));
    }
  }
  return program;
};

const chooseFormat = (command: Command, cli: Cli): void => {
  const format = parseFormat(String(command.getOptionValue('format')));
  const asked = command.getOptionValueSource('format') === 'cli';
  if (command.getOptionValue('json') === true && asked && format !== 'json') {
    throw usageError('formats-conflict', `--json and --format ${format} ask for two things`, { wanted: 'one of them' });
  }
  cli.manner.format = format;
  if (format === 'json') command.setOptionValue('json', true);
};

const watchOf = (givenMs: unknown): Manner['watch'] => {
  if (givenMs === undefined) return null;
  return typeof givenMs === 'number'
    ? { everyMs: givenMs, follows: false }
    : { everyMs: limits.watchEveryMs, follows: true };
};

const chooseWait = (command: Command): void => {
  const [detach, monitor] = [command.getOptionValue('detach'), command.getOptionValue('monitor')];
  if (detach === true && monitor === true) {
    throw usageError('waits-conflict', '--detach and --monitor ask for two things', { wanted: 'one of them' });
  }
  if (detach === true) command.setOptionValue('wait', false);
  if (monitor === true) command.setOptionValue('wait', true);
};
