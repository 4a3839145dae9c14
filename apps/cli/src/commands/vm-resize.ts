import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import { isApiProblem } from '../client/problem.ts';
import type { Accepted, VmView } from '../client/views.ts';
import type { Context } from '../context.ts';
import { answer } from '../output/answer.ts';
import { shortId } from '../output/text.ts';
import { goals } from '../up/timeline.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';
import { vmFacts } from './vm-text.ts';
import { waitFor } from './vm-wait.ts';

type ResizeOptions = { readonly flavor: string; readonly restart?: boolean };

/** `hcc vm resize`: another size for a stopped VM, on the miner that has its disk. */
export const addVmResize = (vm: Command, cli: Cli): void => {
  vm.command('resize')
    .description('give a stopped VM another size; its disk grows at the next boot and never shrinks')
    .argument('<vm>', 'id, beginning of an id, or name')
    .requiredOption('--flavor <flavor>', 'the size it shall have: one of `hcc flavor ls`')
    .option('--restart', 'stop it first when it runs, and start it again whatever comes of it')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm resize web --flavor small', 'hcc vm resize web --flavor small --restart'))
    .action(async (text: string, _options, command: Command) => {
      const { json, flavor, restart } = optionsOf<ResizeOptions>(command);
      const context = await connectFor(cli, command, 'owner');
      const { api } = context;
      const found = await findVm(api, text);
      const { vmId } = found;
      const accepted = await api.resizeVm(vmId, flavor).catch((error: unknown) => {
        // Everything else it would refuse was looked at first: only then does it cost a stop.
        if (restart === true && isApiProblem(error) && error.code === 'vm-not-stopped') return null;
        throw error;
      });
      const now =
        accepted === null ? await withRestart(cli, context, vmId, flavor) : await resized(cli, context, vmId, accepted);
      if (now.flavorId !== flavor) throw notYet(now, flavor);
      answer(cli, json, now, () => vmFacts(now, cli.clock.now()));
    });
};

const resized = async (cli: Cli, context: Context, vmId: string, accepted: Accepted): Promise<VmView> =>
  accepted.events.length === 0
    ? context.api.vm(vmId, accepted.position ?? undefined)
    : waitFor(cli, context, vmId, accepted, goals.resized);

/** Stops it, resizes it, and starts it again, also when the resize came to nothing. */
const withRestart = async (cli: Cli, context: Context, vmId: string, flavor: string): Promise<VmView> => {
  const { api } = context;
  await waitFor(cli, context, vmId, await api.stopVm(vmId, `to be resized to ${flavor}`), goals.stopped);
  try {
    await resized(cli, context, vmId, await api.resizeVm(vmId, flavor));
  } finally {
    await waitFor(cli, context, vmId, await api.startVm(vmId), goals.running);
  }
  return api.vm(vmId);
};

const notYet = (vm: VmView, flavor: string): Error =>
  badAnswer('not-resized', `vm ${vm.name} is still ${vm.flavorId}`, {
    observed: vm.resizeRefusal?.detail ?? vm.observedText,
    wanted: flavor,
    fix: `hcc vm status ${shortId(vm.vmId)}`,
  });
