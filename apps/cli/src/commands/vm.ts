import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Api } from '../client/api.ts';
import type { Accepted, VmView } from '../client/views.ts';
import { choiceOption, vmStates } from '../input/choices.ts';
import { answer } from '../output/answer.ts';
import { type Goal, goals } from '../up/timeline.ts';
import { accountFor, isWholeId } from './accounts.ts';
import { limitOption, rowsWanted, shownOf } from './lists.ts';
import { findMiner } from './miner-drain.ts';
import { addVmDiff, answerPast, atOption, momentOf } from './moment.ts';
import { tellStream } from './tell-stream.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { addVmBackup } from './vm-backup.ts';
import { addVmConsent } from './vm-consent.ts';
import { addVmConsole } from './vm-console.ts';
import { addVmCreate } from './vm-create.ts';
import { findVm } from './vm-find.ts';
import { addVmKeys } from './vm-keys.ts';
import { addVmMetrics } from './vm-metrics.ts';
import { addVmPassport } from './vm-passport.ts';
import { addVmRemove } from './vm-remove.ts';
import { addVmResize } from './vm-resize.ts';
import { addVmRestore } from './vm-restore.ts';
import { addVmSsh } from './vm-ssh.ts';
import { vmFacts, vmTable } from './vm-text.ts';
import { waitFor } from './vm-wait.ts';
import { addVmWhyNot } from './vm-why-not.ts';

/** `hcc vm ...`: an owner's machines. */
export const addVmCommands = (program: Command, cli: Cli): void => {
  const vm = program.command('vm').description('virtual machines');
  addVmCreate(vm, cli);
  addReads(vm, cli);
  addChange(vm, cli, {
    verb: 'stop',
    what: 'shut a VM down; its disk is kept',
    goal: goals.stopped,
    give: (api, id, reason) => api.stopVm(id, reason),
  });
  addChange(vm, cli, {
    verb: 'start',
    what: 'start a stopped VM',
    goal: goals.running,
    give: (api, id) => api.startVm(id),
  });
  addChange(vm, cli, {
    verb: 'reboot',
    what: 'shut a VM down and start it again',
    goal: goals.running,
    give: (api, id) => api.rebootVm(id),
  });
  addVmRemove(vm, cli);
  addVmResize(vm, cli);
  addVmBackup(vm, cli);
  addVmRestore(vm, cli);
  addVmKeys(vm, cli);
  addVmConsent(vm, cli);
  addVmPassport(vm, cli);
  addVmDiff(vm, cli);
  addVmWhyNot(vm, cli);
  addVmSsh(vm, cli);
  addVmConsole(vm, cli);
  addVmMetrics(vm, cli);
};

const addReads = (vm: Command, cli: Cli): void => {
  vm.command('ls')
    .alias('list')
    .description('list VMs')
    .option('-a, --all', 'all of them, also those that are terminated or were refused')
    .option(...limitOption)
    .option('--account <account>', 'only those of this account')
    .option(...choiceOption('--state <state>', 'only those observed in this state, such as running', vmStates))
    .option('--miner <miner>', 'only those that this miner holds')
    .option('--flavor <flavor>', 'only those of this flavor')
    .option('--name <name>', 'only those of exactly this name')
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText(
      'after',
      examples('hcc vm ls', 'hcc vm ls --state running --watch', 'hcc vm ls --all --format csv', 'hcc vm ls --at 2h'),
    )
    .action((_options, command: Command) => listVms(cli, command));
  vm.command('status')
    .description('one VM in full: what is wanted, what is, and since when')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText('after', examples('hcc vm status web', 'hcc vm status 1a2b --at 10m'))
    .action(async (text: string, _options, command: Command) => {
      const { api } = await connectFor(cli, command, 'owner');
      const { json, at } = optionsOf<{ at?: string }>(command);
      const found = await findVm(api, text);
      if (at === undefined) return answer(cli, json, found, () => vmFacts(found, cli.clock.now()));
      answerPast(cli, json, await api.vmAt(found.vmId, at), vmFacts);
    });
  vm.command('events')
    .description("a VM's story: time, event, who, why")
    .argument('<vm>', 'id, beginning of an id, or name')
    .option('-f, --follow', 'keep telling what happens; Ctrl-C ends it')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm events web', 'hcc vm events --follow 1a2b'))
    .action(async (text: string, _options, command: Command) => {
      const context = await connectFor(cli, command, 'owner');
      const { vmId } = await findVm(context.api, text);
      await tellStream(cli, context.api, `vm-${vmId}`, optionsOf<{ follow?: boolean }>(command));
    });
};

type Listing = { account?: string; all?: boolean; state?: string; miner?: string; flavor?: string; name?: string };

const listVms = async (cli: Cli, command: Command): Promise<void> => {
  const { json, account, all, state, miner, flavor, name } = optionsOf<Listing>(command);
  const { api } = await connectFor(cli, command, 'owner');
  const filter = {
    accountId: account === undefined ? undefined : await accountFor(api, account),
    // A whole id needs no look-up, which an owner could not make.
    minerId: miner === undefined || isWholeId(miner) ? miner : (await findMiner(api, miner)).minerId,
    ...{ observed: state, flavorId: flavor, name },
    gone: all === true || state !== undefined ? undefined : ('false' as const),
    at: momentOf(command),
  };
  const vms = shownOf(cli, command, await api.vms(filter, rowsWanted(command)));
  answer(cli, json, vms, () => vmTable(vms, cli.clock.now(), cli.terminal.columns));
};

type Change = {
  readonly verb: 'stop' | 'start' | 'reboot';
  readonly what: string;
  readonly goal: Goal;
  readonly give: (api: Api, vmId: string, reason: string | undefined) => Promise<Accepted>;
};

const addChange = (vm: Command, cli: Cli, change: Change): void => {
  const command = vm
    .command(change.verb)
    .description(change.what)
    .argument('<vm>', 'id, beginning of an id, or name')
    .option('--wait', 'show the timeline until it is done (the default)')
    .option('--no-wait', 'return at once')
    .option(...jsonOption)
    .addHelpText('after', examples(`hcc vm ${change.verb} web`, `hcc vm ${change.verb} 1a2b --no-wait`));
  if (change.verb === 'stop') command.option('--reason <text>', 'why, for the story');
  command.action(async (text: string, _options, self: Command) => {
    const { json, wait, reason } = optionsOf<{ wait?: boolean; reason?: string }>(self);
    const context = await connectFor(cli, self, 'owner');
    const found = await findVm(context.api, text);
    const accepted = await change.give(context.api, found.vmId, reason);
    const now = wait === false ? null : await settled(cli, context, found.vmId, accepted, change);
    answer(cli, json, now ?? accepted, () =>
      now === null ? acceptedText(accepted, change.verb, found.name) : vmFacts(now, cli.clock.now()),
    );
  });
};

const acceptedText = ({ events }: Accepted, verb: string, name: string): string =>
  events.length === 0
    ? `nothing to do: ${verb} of ${name} was wanted already\n`
    : `${verb} of ${name} accepted; watch it: hcc vm events --follow ${name}\n`;

/** The VM once the change is done. A command that decided nothing found it done already, or still under way. */
const settled = async (
  cli: Cli,
  context: Awaited<ReturnType<typeof connectFor>>,
  vmId: string,
  accepted: Accepted,
  { goal, verb }: Change,
): Promise<VmView> => {
  if (accepted.events.length === 0) {
    const vm = await context.api.vm(vmId, accepted.position ?? undefined);
    if (vm.observed === (verb === 'stop' ? 'stopped' : 'running')) return vm;
  }
  return waitFor(cli, context, vmId, accepted, goal);
};
