import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { BackupView } from '../client/backups.ts';
import { isApiProblem } from '../client/problem.ts';
import type { VmView } from '../client/views.ts';
import { answer } from '../output/answer.ts';
import { safeText, shortId } from '../output/text.ts';
import { goals } from '../up/timeline.ts';
import { isWholeId } from './accounts.ts';
import { findMiner } from './miner-drain.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { chosenBackup } from './vm-backup-remove.ts';
import { findVm } from './vm-find.ts';
import { waitFor } from './vm-wait.ts';

type RestoreOptions = {
  readonly backup?: string;
  readonly onto?: string;
  readonly yes?: boolean;
  readonly wait?: boolean;
};

/** `hcc vm restore`: the disk as a backup has it, from the next boot on. */
export const addVmRestore = (vm: Command, cli: Cli): void => {
  vm.command('restore')
    .description('make the disk of a stopped or lost VM what a backup has; its next boot attests anew')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option('--backup <backup>', 'id or beginning of an id, of `hcc vm backups`; the newest unless given')
    .option(
      '--onto <miner>',
      'where, by id or the beginning of one (operators: or name); where it is unless given, or with room if that is lost',
    )
    .option('-y, --yes', 'do not ask')
    .option('--wait', 'show the timeline until a miner has taken it (the default)')
    .option('--no-wait', 'return at once')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc vm restore web',
        'hcc vm restore web --backup 1f3c --yes',
        'hcc vm restore web --onto 89ec9b57-3a4d-4a93-b643-e96e41262843',
      ),
    )
    .action((text: string, _options, command: Command) => restore(cli, text, command));
};

const restore = async (cli: Cli, text: string, command: Command): Promise<void> => {
  const { json, backup: which, onto, yes, wait } = optionsOf<RestoreOptions>(command);
  const context = await connectFor(cli, command, 'owner');
  const { api } = context;
  const found = await findVm(api, text);
  const { vmId } = found;
  const backup = chosenBackup(found, (await api.vmBackups(vmId)).backups, which);
  const minerId = onto === undefined ? undefined : await minerMeant(api, found, onto);
  if (yes !== true) await agreed(cli, found, backup);
  const { backupId } = backup;
  const accepted = await api.restoreVm(vmId, { backupId, minerId });
  if (wait === false || accepted.events.length === 0) {
    return answer(cli, json, { vmId, backupId, ...accepted }, () => `restore of ${safeText(found.name)} accepted\n`);
  }
  const now = await waitFor(cli, context, vmId, accepted, goals.restored);
  const answered = { vmId, backupId, minerId: now.minerId, generation: now.generation };
  answer(cli, json, answered, () => nextText(now, backup));
};

const nextText = ({ name, minerId, desired }: VmView, { isOlder }: BackupView): string => {
  const placed = `${safeText(name)} is restored on miner ${shortId(minerId ?? '-')} at its next boot`;
  const start = desired === 'running' ? '' : `; start it: hcc vm start ${name}`;
  const consent = isOlder ? `; that boot waits for hcc vm consent ${name} --rollback, because the disk is older` : '';
  return `${placed}${start}${consent}\n`;
};

/** A whole id needs no look-up. An owner may not list miners, and names one by its id as `hcc vm why-not` shows it. */
const minerMeant = async (api: Api, { vmId }: VmView, text: string): Promise<string> => {
  if (isWholeId(text)) return text;
  try {
    return (await findMiner(api, text)).minerId;
  } catch (error) {
    if (!isApiProblem(error) || error.code !== 'forbidden') throw error;
  }
  const { miners } = await api.whyNotVm(vmId);
  const meant = miners.filter(({ minerId }) => minerId.startsWith(text.toLowerCase()));
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only.minerId;
  throw usageError(
    'miner-not-named',
    `"${text}" is the beginning of ${meant.length} ids of miners that are looked at`,
    {
      observed: text,
      wanted: 'the id of one miner or its beginning; names are for operators',
      fix: `hcc vm why-not ${shortId(vmId)} lists them`,
    },
  );
};

const agreed = async (cli: Cli, { name, vmId }: VmView, { backupId, madeAt }: BackupView): Promise<void> => {
  const said = await cli.terminal.confirm(
    `Make the disk of ${safeText(name)} (${shortId(vmId)}) what it was at ${madeAt} (backup ${shortId(backupId)})?\nWhat was written since then is lost, and passwords and keys that were changed since are as they were.`,
  );
  if (said === true) return;
  throw usageError('not-confirmed', `${safeText(name)} was left as it is`, {
    observed: said === null ? 'nobody to ask' : 'no',
    wanted: 'yes',
    fix: `hcc vm restore ${shortId(vmId)} --backup ${shortId(backupId)} --yes`,
  });
};
