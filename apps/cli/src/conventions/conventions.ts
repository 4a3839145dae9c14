import { type Command, Option } from 'commander';
import type { Cli, Manner } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import { secondsOption } from '../input/moments.ts';
import { limits } from '../limits.ts';
import { formats, parseFormat } from '../output/format.ts';
import { doersOf, takes } from './tree.ts';

/**
 * What every command has, added to the whole tree at once, so that no noun can forget it: `--format` beside `--json`,
 * `--watch` on what shows how things are, `--detach` and `--monitor` on what takes long, and plural nouns.
 */
export const applyConventions = (program: Command, cli: Cli): Command => {
  for (const noun of program.commands) {
    const plural = pluralOf(noun);
    if (plural !== null) noun.alias(plural);
    alsoCalled(noun);
  }
  for (const leaf of doersOf(program)) {
    const before = (run: (command: Command) => void): void => {
      leaf.hook('preAction', (_, command) => {
        if (command === leaf) run(command);
      });
    };
    if (takes(leaf, '--json') && !takes(leaf, '--format')) {
      leaf.addOption(new Option('--format <format>', `answer as ${formats.join(', ')}`).default('table', 'table'));
      before((command) => chooseFormat(command, cli));
    }
    if (takes(leaf, '--json') && ['ls', 'status'].includes(leaf.name())) {
      leaf.option(
        ...secondsOption(
          '-w, --watch [seconds]',
          'answer again when something happens, or every so often; Ctrl-C stops watching, never the work',
        ),
      );
      before((command) => {
        cli.manner.watch = watchOf(command.getOptionValue('watch'));
      });
    }
    if (takes(leaf, '--no-wait')) {
      if (!takes(leaf, '--wait')) leaf.option('--wait', 'wait until it is done (the default)');
      leaf.option('--detach', 'the same as --no-wait').option('--monitor', 'the same as --wait');
      before(chooseWait);
    }
  }
  return program;
};

/** What lists several things is also called by their plural; a word that is no noun has none. */
const pluralOf = (noun: Command): string | null => {
  const name = noun.name();
  if (name === 'parked' || !noun.commands.some((verb) => verb.name() === 'ls')) return null;
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
};

/** One thing in full is `status` or `show`: who learned one word at one noun says it at the next. */
const alsoCalled = (noun: Command): void => {
  const called = (name: string) => noun.commands.find((verb) => verb.name() === name || verb.aliases().includes(name));
  const [status, show] = [called('status'), called('show')];
  if (show === undefined) status?.alias('show');
  if (status === undefined) show?.alias('status');
};

const chooseFormat = (command: Command, cli: Cli): void => {
  const asked = typedFor(command, 'format');
  const format = parseFormat(String(asked ?? 'table'));
  if (typedFor(command, 'json') === true && asked !== undefined && format !== 'json') {
    throw usageError('formats-conflict', `--json and --format ${format} ask for two things`, { wanted: 'one of them' });
  }
  cli.manner.format = format;
  if (format === 'json') command.setOptionValue('json', true);
};

/** An option as it was typed. Where a command above takes one of the same name, the parser has given it to that one. */
const typedFor = (command: Command, name: string): unknown => {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    if (at.getOptionValueSource(name) === 'cli') return at.getOptionValue(name);
  }
  return undefined;
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
