import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import type { VmView } from '../client/views.ts';
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
      const isUp = found.desired === 'running';
      // Asked before anything is stopped: a flavor that cannot be costs no downtime.
      if (restart === true && isUp) {
        await api.flavor(flavor);
        if (found.flavorId !== flavor)
          await waitFor(cli, context, vmId, await api.stopVm(vmId, 'to be resized'), goals.stopped);
      }
      let now: VmView;
      try {
        const accepted = await api.resizeVm(vmId, flavor);
        now =
          accepted.events.length === 0
            ? await api.vm(vmId, accepted.position ?? undefined)
            : await waitFor(cli, context, vmId, accepted, goals.resized);
      } finally {
        if (restart === true && isUp && found.flavorId !== flavor) {
          await waitFor(cli, context, vmId, await api.startVm(vmId), goals.running);
        }
      }
      if (restart === true && isUp) now = await api.vm(vmId);
      if (now.flavorId !== flavor) throw notYet(now, flavor);
      answer(cli, json, now, () => vmFacts(now, cli.clock.now()));
    });
};

const notYet = (vm: VmView, flavor: string): Error =>
  badAnswer('not-resized', `vm ${vm.name} is still ${vm.flavorId}`, {
    observed: vm.resizeRefusal?.detail ?? vm.observedText,
    wanted: flavor,
    fix: `hcc vm status ${shortId(vm.vmId)}`,
  });
