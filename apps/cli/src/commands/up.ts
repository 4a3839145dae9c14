import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import { limits } from '../limits.ts';
import type { UpOptions } from '../up/run-up.ts';
import { examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc up`: a cluster on this machine. What `npm start` runs. */
export const addUpCommand = (program: Command, cli: Cli): void => {
  program
    .command('up')
    .description('run a whole cluster on this machine, with a VM in it, until Ctrl-C')
    .option('--once', 'run uname -a in a new VM, terminate it, stop everything and exit')
    .option('--no-vm', 'stop at the cluster: no VM, no login')
    .option('--port <port>', 'port of the HTTP API on 127.0.0.1; 0 for a free one', wholeNumber(0, 65_535), 7070)
    .option('--miners <n>', 'how many miners', wholeNumber(1, limits.minersMax), 2)
    .option('--flavor <flavor>', 'size of the VM (default: the smallest that its image fits)')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc up', 'hcc up --once --json', 'hcc up --no-vm --port 0 --home /tmp/hcc'))
    .action(async (_options, command: Command) => {
      // Only now: the bus and the image builder are a lot to load for a command that lists VMs.
      const { runUp } = await import('../up/run-up.ts');
      await runUp(cli, optionsOf<UpOptions>(command));
    });
};

const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw usageError('number-malformed', `"${text}" is not a number that will do`, { wanted: `${min} to ${max}` });
  };
