import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { VmView } from '../client/views.ts';
import { answer } from '../output/answer.ts';
import { shortId } from '../output/text.ts';
import { goneGoal } from '../up/timeline.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';
import { waitFor } from './vm-wait.ts';

/** `hcc vm rm`: the end of a VM, its disk and its key, and with that of every backup. */
export const addVmRemove = (vm: Command, cli: Cli): void => {
  vm.command('rm')
    .description('terminate a VM for good: the key of its disk is destroyed at once, its disk removed by its miner')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option('-y, --yes', 'do not ask')
    .option('--destroy-backups', 'also when it has backups, which nobody can read any more then')
    .option('--wait', 'show the timeline until it is gone (the default)')
    .option('--no-wait', 'return at once')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm rm web', 'hcc vm rm 1a2b --yes', 'hcc vm rm web --destroy-backups'))
    .action(async (text: string, _options, command: Command) => {
      const { json, yes, wait, destroyBackups = false } = optionsOf<RemoveOptions>(command);
      const context = await connectFor(cli, command, 'owner');
      const found = await findVm(context.api, text);
      if (yes !== true) await agreed(cli, found, destroyBackups);
      const accepted = await context.api.terminateVm(found.vmId, destroyBackups);
      // Asked for again, what has happened since the first time is not shown once more.
      const seen =
        accepted.events.length > 0 ? found : await context.api.vm(found.vmId, accepted.position ?? undefined);
      const gone = seen.observed === 'terminated' || wait === false;
      if (!gone) await waitFor(cli, context, found.vmId, accepted, goneGoal(seen));
      answer(cli, json, { vmId: found.vmId, ...accepted }, () =>
        wait === false ? `removal of ${found.name} accepted\n` : `${found.name} is gone, its disk removed\n`,
      );
    });
};

type RemoveOptions = { readonly yes?: boolean; readonly wait?: boolean; readonly destroyBackups?: boolean };

const agreed = async (cli: Cli, found: VmView, destroyBackups: boolean): Promise<void> => {
  const key = found.disk.kind === 'luks2' ? ', destroy the key of its disk at once' : '';
  const disk = destroyBackups ? 'remove its disk and make its backups unreadable for ever' : 'remove its disk';
  const said = await cli.terminal.confirm(`Terminate ${found.name} (${shortId(found.vmId)})${key} and ${disk}?`);
  if (said === true) return;
  throw usageError('not-confirmed', `${found.name} was left as it is`, {
    observed: said === null ? 'nobody to ask' : 'no',
    wanted: 'yes',
    fix: `hcc vm rm --yes ${shortId(found.vmId)}`,
  });
};
