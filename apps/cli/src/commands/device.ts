import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { DeviceView } from '../client/trust.ts';
import { matchOne } from '../match.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { shortId } from '../output/text.ts';
import { timeText } from '../output/time.ts';
import { allOption, limitOption, rowsWanted, shownOf } from './lists.ts';
import { findMiner } from './miner-drain.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

type ChangeOptions = {
  readonly reason: string;
  readonly to?: string;
  readonly miner?: string;
  readonly outcome?: string;
};

/** `hcc device ...`: chips and TPMs, and which miner each counts for. */
export const addDeviceCommands = (program: Command, cli: Cli): void => {
  const device = program.command('device').description('secure processors and TPMs, and which miner each counts for');
  device
    .command('ls')
    .alias('list')
    .description('list what miners have shown')
    .option('--miner <miner>', 'only those that count for this one')
    .option(...allOption)
    .option(...limitOption)
    .option(...jsonOption)
    .addHelpText('after', examples('hcc device ls', 'hcc device ls --miner miner-1'))
    .action(async (_options, command: Command) => {
      const { miner, json } = optionsOf<{ miner?: string }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const minerId = miner === undefined ? undefined : (await findMiner(api, miner)).minerId;
      const devices = shownOf(cli, command, await api.devices({ minerId }, rowsWanted(command)));
      answer(cli, json, devices, () => deviceTable(devices, cli.clock.now()));
    });
  change(device, cli, 'release', 'let it count for nobody; the next miner that proves it has it gets it', [], {
    example: '',
    give: (api, key, { reason }) => api.releaseDevice(key, reason),
  });
  change(device, cli, 'transfer', 'let it count for another miner', [['--to <miner>', 'for which one']], {
    example: ' --to miner-2',
    give: async (api, key, { to = '', reason }) => api.transferDevice(key, (await findMiner(api, to)).minerId, reason),
  });
  change(
    device,
    cli,
    'dispute',
    'say for a miner that it is its own',
    [['--miner <miner>', 'whose it is said to be']],
    {
      example: ' --miner miner-2',
      give: async (api, key, { miner = '', reason }) =>
        api.disputeDevice(key, (await findMiner(api, miner)).minerId, reason),
    },
  );
  change(device, cli, 'settle', 'settle a dispute', [['--outcome <outcome>', 'kept or transferred']], {
    example: ' --outcome kept',
    give: (api, key, { outcome, reason }) => api.settleDevice(key, outcomeOf(outcome), reason),
  });
};

type Change = {
  readonly example: string;
  readonly give: (
    api: Api,
    deviceKey: string,
    options: ChangeOptions,
  ) => Promise<{ readonly events: readonly string[] }>;
};

const change = (
  device: Command,
  cli: Cli,
  verb: string,
  description: string,
  options: readonly (readonly [flags: string, description: string])[],
  { example, give }: Change,
): void => {
  const command = device
    .command(verb)
    .description(description)
    .argument('<device>', 'its key or its own id, or the beginning of its key');
  for (const [flags, what] of options) command.requiredOption(flags, what);
  command
    .requiredOption('--reason <text>', 'for whoever looks at it later')
    .option(...jsonOption)
    .addHelpText('after', examples(`hcc device ${verb} 3f2a${example} --reason "the board was moved"`))
    .action(async (text: string, _options, asked: Command) => {
      const given = optionsOf<ChangeOptions>(asked);
      const { api } = await connectFor(cli, asked, 'operator');
      const named = ({ deviceKey, deviceId }: DeviceView) => ({ id: deviceKey, name: deviceId });
      const { deviceKey, deviceKind } = matchOne('device', text, await api.devices(), named);
      const outcome = await give(api, deviceKey, given);
      answer(cli, given.json, outcome, () =>
        outcome.events.length === 0
          ? `the ${deviceKind} was so already\n`
          : `${deviceKind} ${shortId(deviceKey)}: ${outcome.events.join(', ')}\n`,
      );
    });
};

const outcomeOf = (text = ''): string => {
  if (text === 'kept' || text === 'transferred') return text;
  throw usageError('outcome-unknown', `"${text}" is no outcome of a dispute`, { wanted: 'kept or transferred' });
};

const deviceTable = (devices: readonly DeviceView[], now: number): string =>
  table(
    ['KEY', 'KIND', 'DEVICE', 'MINER', 'DISPUTED BY', 'REFUSED', 'CHANGED'],
    devices.map(({ deviceKey, deviceKind, deviceId, holder, dispute, refused, changedAt }) => [
      ...[shortId(deviceKey), deviceKind, `${deviceId.slice(0, 16)}…`, holder === null ? '-' : shortId(holder)],
      ...[
        dispute === null ? '-' : `${shortId(dispute.minerId)}: ${dispute.reason}`,
        refused.map(shortId).join(' ') || '-',
      ],
      timeText(changedAt, now).replace(/^.*\((.*)\)$/, '$1'),
    ]),
  );
