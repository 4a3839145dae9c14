import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { badAnswer, usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { BackupView } from '../client/backups.ts';
import type { VmView } from '../client/views.ts';
import { answer } from '../output/answer.ts';
import { safeText, shortId } from '../output/text.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';

/** `hcc vm backup rm` and `hcc vm backup cancel`: one backup less, or one that is not made after all. */
export const addVmBackupRemove = (backup: Command, cli: Cli): void => {
  backup
    .command('rm')
    .description('remove one backup; what others need of it stays in the store')
    .argument('<vm>', 'id, beginning of an id, or name')
    .argument('<backup>', 'id or beginning of an id, of `hcc vm backups`')
    .option('-y, --yes', 'do not ask')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm backup rm web 1f3c', 'hcc vm backup rm web 1f3c --yes --json'))
    .action(async (text: string, which: string, _options, command: Command) => {
      const { json, yes } = optionsOf<{ readonly yes?: boolean }>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const vm = await findVm(api, text);
      const backup = chosenBackup(vm, (await api.vmBackups(vm.vmId)).backups, which);
      if (yes !== true) await agreed(cli, vm, backup);
      await tell(cli, api, vm, { json, backupId: backup.backupId, done: 'removed' });
    });
  backup
    .command('cancel')
    .description('end a backup that is being made; the disk and the backups before stay as they are')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm backup cancel web'))
    .action(async (text: string, _options, command: Command) => {
      const { json } = optionsOf(command);
      const { api } = await connectFor(cli, command, 'owner');
      const vm = await findVm(api, text);
      const { underWay } = await api.vmBackups(vm.vmId);
      if (underWay === null) {
        const fix = `hcc vm backups ${vm.name}`;
        throw badAnswer('backup-not-found', `no backup of vm ${vm.name} is being made`, { fix });
      }
      await tell(cli, api, vm, { json, backupId: underWay, done: 'cancelled' });
    });
};

type Told = { readonly json: boolean | undefined; readonly backupId: string; readonly done: 'removed' | 'cancelled' };

const tell = async (cli: Cli, api: Api, { vmId, name }: VmView, { json, backupId, done }: Told): Promise<void> => {
  const accepted = await api.removeBackup(vmId, backupId);
  answer(cli, json, { vmId, backupId, ...accepted }, () => `backup ${backupId} of ${safeText(name)} ${done}\n`);
};

/** The backup meant by an id or the beginning of one; the newest where nothing is said. */
export const chosenBackup = (
  { name }: VmView,
  backups: readonly BackupView[],
  which: string | undefined,
): BackupView => {
  const meant = which === undefined ? backups.slice(-1) : backups.filter(({ backupId }) => backupId.startsWith(which));
  const [only, ...others] = meant;
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined) {
    throw usageError('ambiguous', `"${which}" may mean ${meant.length} backups`, {
      more: meant.map(({ backupId, madeAt }) => `${backupId}  ${madeAt}`),
      wanted: 'one of them: a longer beginning of its id',
    });
  }
  const said = which === undefined ? 'no backup' : `no backup "${which}"`;
  throw badAnswer('backup-not-found', `vm ${name} has ${said}`, { fix: `hcc vm backups ${name}` });
};

const agreed = async (cli: Cli, { name, vmId }: VmView, { backupId, madeAt }: BackupView): Promise<void> => {
  const said = await cli.terminal.confirm(
    `Remove the backup of ${safeText(name)} that was made at ${madeAt} (${shortId(backupId)})? Nothing brings it back.`,
  );
  if (said === true) return;
  throw usageError('not-confirmed', `backup ${shortId(backupId)} was left as it is`, {
    observed: said === null ? 'nobody to ask' : 'no',
    wanted: 'yes',
    fix: `hcc vm backup rm ${shortId(vmId)} ${shortId(backupId)} --yes`,
  });
};
