import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { countOption } from '../input/amounts.ts';
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
    .option(
      ...countOption('--port <port>', 'port of the HTTP API on 127.0.0.1; 0 for a free one', { min: 0, max: 65_535 }),
      7070,
    )
    .option(...countOption('--miners <n>', 'how many miners', { min: 1, max: limits.minersMax }), 2)
    .option('--flavor <flavor>', 'size of the VM (default: the smallest that its image fits)')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc up', 'hcc up --once --json', 'hcc up --no-vm --port 0 --home /tmp/hcc'))
    .action(async (_options, command: Command) => {
      // Only now: the bus and the image builder are a lot to load for a command that lists VMs.
      const { runUp } = await import('../up/run-up.ts');
      await runUp(cli, optionsOf<UpOptions>(command));
    });
};
