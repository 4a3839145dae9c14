import type { Command } from 'commander';
import { type Flavor, type MicroCredits, standardFlavors } from '#domain';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { FlavorView } from '../client/views.ts';
import { countOption, creditsOption, sizeOption } from '../input/amounts.ts';
import { answer } from '../output/answer.ts';
import { creditsText } from '../output/credits.ts';
import { facts, table } from '../output/table.ts';
import { bytesText } from '../output/text.ts';
import { timeText } from '../output/time.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

type DefineOptions = {
  readonly vcpus?: number;
  readonly memory?: number;
  readonly disk?: number;
  readonly price?: MicroCredits;
  readonly standard?: boolean;
};

/** `hcc flavor ...`: sizes on offer, and what an hour of each costs. */
export const addFlavorCommands = (program: Command, cli: Cli): void => {
  const flavor = program.command('flavor').description('sizes that VMs come in');
  flavor
    .command('ls')
    .alias('list')
    .description('list what is offered')
    .option('-a, --all', 'also those that are no longer offered')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc flavor ls', 'hcc flavor ls --all --json'))
    .action(async (_options, command: Command) => {
      const { json, all } = optionsOf<{ all?: boolean }>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const flavors = await api.flavors(all === true ? 'include' : 'exclude');
      answer(cli, json, flavors, () => flavorTable(flavors));
    });
  flavor
    .command('show')
    .description('one flavor in full')
    .argument('<flavor>', 'its name')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc flavor show nano'))
    .action(async (flavorId: string, _options, command: Command) => {
      const { api } = await connectFor(cli, command, 'owner');
      const found = await api.flavor(flavorId);
      answer(cli, optionsOf(command).json, found, () => flavorFacts(found, cli.clock.now()));
    });
  addDefine(flavor, cli);
  flavor
    .command('retire')
    .description('offer a flavor no longer; VMs that have it go on')
    .argument('<flavor>', 'its name')
    .option('--reason <text>', 'for whoever asks for it the next day')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc flavor retire nano --reason "nano-2 is cheaper"'))
    .action(async (flavorId: string, _options, command: Command) => {
      const { json, reason } = optionsOf<{ reason?: string }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const { position } = await api.retireFlavor(flavorId, reason);
      const now = await api.flavor(flavorId, position ?? undefined);
      answer(cli, json, now, () => flavorFacts(now, cli.clock.now()));
    });
};

const addDefine = (flavor: Command, cli: Cli): void => {
  flavor
    .command('define')
    .description('offer a size at a price; a flavor never changes: for another price define another one')
    .argument('[flavor]', 'what to call it, such as nano-2')
    .option(...countOption('--vcpus <n>', 'virtual processors', { min: 1, max: 999_999 }))
    .option(...sizeOption('--memory <size>', 'such as 512MiB or 2GiB'))
    .option(...sizeOption('--disk <size>', 'such as 10GiB'))
    .option(...creditsOption('--price <credits>', 'credits an hour, such as 0.04'))
    .option('--standard', 'define what a new network offers, whatever of it is not defined yet')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc flavor define big --vcpus 8 --memory 16GiB --disk 80GiB --price 0.3',
        'hcc flavor define --standard',
      ),
    )
    .action(async (flavorId: string | undefined, _options, command: Command) => {
      const options = optionsOf<DefineOptions>(command);
      const wanted =
        options.standard === true && flavorId === undefined ? standardFlavors : [wantedOf(flavorId, options)];
      const { api } = await connectFor(cli, command, 'operator');
      const defined: FlavorView[] = [];
      for (const { flavorId: id, size, pricePerHour } of wanted) {
        const { position } = await api.defineFlavor({ flavorId: id, size, pricePerHour: pricePerHour.toString() });
        defined.push(await api.flavor(id, position ?? undefined));
      }
      answer(cli, options.json, defined, () => flavorTable(defined));
    });
};

const wantedOf = (flavorId: string | undefined, { vcpus, memory, disk, price }: DefineOptions): Flavor => {
  if (
    flavorId === undefined ||
    vcpus === undefined ||
    memory === undefined ||
    disk === undefined ||
    price === undefined
  ) {
    throw usageError('flavor-incomplete', 'a flavor has a name, a size and a price', {
      wanted: 'NAME --vcpus N --memory SIZE --disk SIZE --price CREDITS, or --standard alone',
    });
  }
  const size = { vcpus, memoryBytes: memory, diskBytes: disk };
  return { flavorId, size, pricePerHour: price };
};

const flavorTable = (flavors: readonly FlavorView[]): string =>
  table(
    ['FLAVOR', 'VCPU', 'MEMORY', 'DISK', 'AN HOUR', 'OFFERED'],
    flavors.map(({ flavorId, size, pricePerHour, offered, retiredReason }) => [
      flavorId,
      size.vcpus.toString(),
      bytesText(size.memoryBytes),
      bytesText(size.diskBytes),
      creditsText(pricePerHour),
      offered ? 'yes' : `no: ${retiredReason ?? '-'}`,
    ]),
  );

const flavorFacts = (flavor: FlavorView, now: number): string =>
  facts([
    ['flavor', flavor.flavorId],
    ['vCPU', flavor.size.vcpus.toString()],
    ['memory', bytesText(flavor.size.memoryBytes)],
    ['disk', bytesText(flavor.size.diskBytes)],
    ['an hour', creditsText(flavor.pricePerHour)],
    [
      'offered',
      flavor.offered ? 'yes' : `no, since ${timeText(flavor.retiredAt, now)}: ${flavor.retiredReason ?? '-'}`,
    ],
    ['defined', timeText(flavor.definedAt, now)],
  ]);
