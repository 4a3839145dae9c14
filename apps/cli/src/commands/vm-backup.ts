import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import { isApiProblem } from '../client/problem.ts';
import type { Accepted } from '../client/views.ts';
import type { Context } from '../context.ts';
import { limits } from '../limits.ts';
import { answer } from '../output/answer.ts';
import { bytesText, shortId } from '../output/text.ts';
import { type Goal, goals } from '../up/timeline.ts';
import { answerPast, atOption } from './moment.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { addVmBackupRemove } from './vm-backup-remove.ts';
import { backupsText } from './vm-backups-text.ts';
import { findVm } from './vm-find.ts';
import { type Waiting, waitFor } from './vm-wait.ts';

/** `hcc vm backup`, and `hcc vm backup ls` or `hcc vm backups`: copies of an encrypted disk, made by its miner and readable by nobody. */
export const addVmBackup = (vm: Command, cli: Cli): void => {
  const backup = vm
    .command('backup')
    .description('copy the encrypted disk of a stopped VM to the store of backups; only what changed is sent')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option('--restart', 'stop it first when it runs, and start it again whatever comes of it')
    .option('--wait', 'show the timeline until it is made (the default)')
    .option('--no-wait', 'return at once')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm backup web', 'hcc vm backup web --restart', 'hcc vm backup 1a2b --no-wait'))
    .action((text: string, _options, command: Command) => backUp(cli, text, command));
  addVmBackupRemove(backup, cli);
  addBackupsList(vm.command('backups'), cli, 'hcc vm backups');
  addBackupsList(backup.command('ls').alias('list'), cli, 'hcc vm backup ls');
};

/** The list, under both names that people look for it by. */
const addBackupsList = (command: Command, cli: Cli, name: string): void => {
  command
    .description('the backups of a VM, oldest first, and what is under way with them')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText('after', examples(`${name} web`, `${name} 1a2b --json`, `${name} web --at 2h`))
    .action(async (text: string, _options, self: Command) => {
      const { api } = await connectFor(cli, self, 'owner');
      const { json, at } = optionsOf<{ at?: string }>(self);
      const { vmId } = await findVm(api, text);
      if (at !== undefined) return answerPast(cli, json, await api.backupsAt(vmId, at), backupsText);
      const view = await api.vmBackups(vmId);
      answer(cli, json, view, () => backupsText(view, cli.clock.now()));
    });
};

const copying: Waiting = { meanwhile: 'its miner copies the disk', waitMs: limits.backupWaitMs };

type BackupOptions = { readonly restart?: boolean; readonly wait?: boolean };

const backUp = async (cli: Cli, text: string, command: Command): Promise<void> => {
  const { json, restart, wait } = optionsOf<BackupOptions>(command);
  const context = await connectFor(cli, command, 'owner');
  const { api } = context;
  const { vmId, name } = await findVm(api, text);
  const backupId = cli.makes.uuid();
  const accepted = await api.backUpVm(vmId, backupId).catch((error: unknown) => {
    // Everything else it would refuse was looked at first: only then does it cost a stop.
    if (restart === true && isApiProblem(error) && error.code === 'vm-not-stopped') return null;
    throw error;
  });
  if (wait === false && accepted !== null) {
    return answer(cli, json, { vmId, backupId, ...accepted }, () => `backup ${backupId} of ${name} accepted\n`);
  }
  if (accepted === null) await withRestart(cli, context, vmId, backupId);
  else await waitFor(cli, context, vmId, accepted, goals.backedUp, copying);
  const made = (await api.vmBackups(vmId)).backups.find((copy) => copy.backupId === backupId);
  if (made === undefined) {
    throw badAnswer('backup-not-made', `backup ${backupId} of ${name} is not there`, { fix: `hcc vm backups ${name}` });
  }
  answer(
    cli,
    json,
    { vmId, ...made },
    () => `backup ${backupId} of ${name}: ${bytesText(made.bytes)}, ${bytesText(made.newBytes)} of it sent\n`,
  );
};

/** Stops it, backs it up, and starts it again, also when the backup came to nothing. */
const withRestart = async (cli: Cli, context: Context, vmId: string, backupId: string): Promise<void> => {
  const { api } = context;
  const wait = (accepted: Accepted, goal: Goal, waiting?: Waiting) =>
    waitFor(cli, context, vmId, accepted, goal, waiting);
  await wait(await api.stopVm(vmId, `for backup ${shortId(backupId)}`), goals.stopped);
  try {
    await wait(await api.backUpVm(vmId, backupId), goals.backedUp, copying);
  } finally {
    await wait(await api.startVm(vmId), goals.running);
  }
};
