import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { badAnswer, usageError } from '../cli-error.ts';
import { isApiProblem } from '../client/problem.ts';
import type { Accepted, VmView } from '../client/views.ts';
import type { Context } from '../context.ts';
import { sizeOption } from '../input/amounts.ts';
import { answer } from '../output/answer.ts';
import { bytesText, shortId } from '../output/text.ts';
import { goals } from '../up/timeline.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';
import { vmFacts } from './vm-text.ts';
import { waitFor } from './vm-wait.ts';

type ResizeOptions = { readonly flavor?: string; readonly disk?: number; readonly restart?: boolean };

/** What is asked for: a flavor, a disk of at least so much, or both. */
type Asked = { readonly flavorId?: string; readonly diskBytes?: number };

/** `hcc vm resize`: another size for a stopped VM, on the miner that has its disk. */
export const addVmResize = (vm: Command, cli: Cli): void => {
  vm.command('resize')
    .description('give a stopped VM another size; its disk grows at the next boot and never shrinks')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option('--flavor <flavor>', 'the size it shall have: one of `hcc flavor ls` (default: the one it has)')
    .option(
      ...sizeOption(
        '--disk <size>',
        "a disk of at least this, such as 20GiB; beyond its flavor's the price grows with it",
      ),
    )
    .option('--restart', 'stop it first when it runs, and start it again whatever comes of it')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm resize web --flavor small', 'hcc vm resize web --disk 20GiB --restart'))
    .action(async (text: string, _options, command: Command) => {
      const { json, flavor, disk, restart } = optionsOf<ResizeOptions>(command);
      const asked: Asked = {
        ...(flavor === undefined ? {} : { flavorId: flavor }),
        ...(disk === undefined ? {} : { diskBytes: disk }),
      };
      if (flavor === undefined && disk === undefined) throw nothingAsked();
      const context = await connectFor(cli, command, 'owner');
      const { api } = context;
      const found = await findVm(api, text);
      const { vmId } = found;
      const accepted = await api.resizeVm(vmId, asked).catch((error: unknown) => {
        // Everything else it would refuse was looked at first: only then does it cost a stop.
        if (restart === true && isApiProblem(error) && error.code === 'vm-not-stopped') return null;
        throw error;
      });
      const now =
        accepted === null ? await withRestart(cli, context, vmId, asked) : await resized(cli, context, vmId, accepted);
      if (now.flavorId !== (flavor ?? now.flavorId) || now.size.diskBytes < (disk ?? 0)) throw notYet(now, asked);
      answer(cli, json, now, () => vmFacts(now, cli.clock.now()));
    });
};

const nothingAsked = (): Error =>
  usageError('size-needed', 'no size is asked for', {
    wanted: '--flavor, --disk or both',
    fix: 'hcc vm resize --help; `hcc flavor ls` lists the flavors',
  });

const resized = async (cli: Cli, context: Context, vmId: string, accepted: Accepted): Promise<VmView> =>
  accepted.events.length === 0
    ? context.api.vm(vmId, accepted.position ?? undefined)
    : waitFor(cli, context, vmId, accepted, goals.resized);

/** Stops it, resizes it, and starts it again, also when the resize came to nothing. */
const withRestart = async (cli: Cli, context: Context, vmId: string, asked: Asked): Promise<VmView> => {
  const { api } = context;
  await waitFor(cli, context, vmId, await api.stopVm(vmId, `to be resized to ${sizeText(asked)}`), goals.stopped);
  try {
    await resized(cli, context, vmId, await api.resizeVm(vmId, asked));
  } finally {
    await waitFor(cli, context, vmId, await api.startVm(vmId), goals.running);
  }
  return api.vm(vmId);
};

const notYet = (vm: VmView, asked: Asked): Error =>
  badAnswer('not-resized', `vm ${vm.name} is still ${vm.flavorId} with ${bytesText(vm.size.diskBytes)} of disk`, {
    observed: vm.resizeRefusal?.detail ?? vm.observedText,
    wanted: sizeText(asked),
    fix: `hcc vm status ${shortId(vm.vmId)}`,
  });

const sizeText = ({ flavorId, diskBytes }: Asked): string =>
  [
    ...(flavorId === undefined ? [] : [flavorId]),
    ...(diskBytes === undefined ? [] : [`${bytesText(diskBytes)} of disk`]),
  ].join(' with ');
