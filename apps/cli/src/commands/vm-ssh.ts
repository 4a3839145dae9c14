import type { Command } from 'commander';
import { requireTool } from '#host';
import type { Cli } from '../cli.ts';
import { safeText } from '../output/text.ts';
import { pinHostKey, sshTarget } from '../ssh/pin.ts';
import { runSsh, sshArgs } from '../ssh/ssh.ts';
import { localIdentity } from '../up/demo-key.ts';
import { connectFor, examples, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';

/** `hcc vm ssh`: log in to a VM, trusting exactly the host key that was reported, and saying what that is worth. */
export const addVmSsh = (vm: Command, cli: Cli): void => {
  vm.command('ssh')
    .description('log in to a VM, or run a command in it, trusting only the host key that was reported')
    .argument('<vm>', 'id, beginning of an id, or name')
    .argument('[command...]', 'what to run instead of a shell, after --')
    .option('-i, --identity <file>', 'private key to use')
    .option('--repin', 'trust a host key that is not the one seen before')
    .addHelpText('after', examples('hcc vm ssh web', 'hcc vm ssh 1a2b -- uname -a'))
    .action(async (text: string, words: readonly string[], _options, command: Command) => {
      const { identity, repin } = optionsOf<{ identity?: string; repin?: boolean }>(command);
      const context = await connectFor(cli, command, 'owner');
      const found = await findVm(context.api, text);
      const target = sshTarget(found);
      const knownHosts = await pinHostKey(context, target, repin === true);
      if (!found.sshHostKeyAttested) {
        cli.terminal.err(
          `hcc: the host key of ${safeText(found.name)} is UNATTESTED: the miner reported it, and nothing vouches for it yet\n`,
        );
      }
      const login = { target, knownHosts, identity: identity ?? (await localIdentity(context)) };
      // ssh is in our process group and gets the terminal's Ctrl-C itself; we only must not die of it first.
      const release = cli.onStopSignal(() => undefined);
      const program = await requireTool('ssh', { env: cli.env, cacheDir: context.cacheDir });
      cli.exit.code = await runSsh(program, sshArgs(login, [], words));
      release();
    });
};
