import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { exitCodes, usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { WhyNot } from '../client/views.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { safeText, shortId } from '../output/text.ts';
import { isWholeId } from './accounts.ts';
import { findMiner } from './miner-drain.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';

type WhyNotOptions = { readonly miner?: string; readonly flavor?: string; readonly account?: string };

/** `hcc vm why-not`: the answer first, the evidence below. Exit 1 when the answer is no. */
export const addVmWhyNot = (vm: Command, cli: Cli): void => {
  vm.command('why-not')
    .description('why a VM is not placed or does not run; or whether a request would be accepted, without making it')
    .argument('[vm]', 'id, beginning of an id, or name')
    .option('--miner <miner>', 'why not there: id, beginning of an id, or name')
    .option('--flavor <flavor>', 'instead of a VM: would one of this size be accepted now?')
    .option('--account <account>', "with --flavor: whose credits and keys count (default: the token's account)")
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples('hcc vm why-not web', 'hcc vm why-not web --miner miner-2', 'hcc vm why-not --flavor small'),
    )
    .action(async (text: string | undefined, _options, command: Command) => {
      const options = optionsOf<WhyNotOptions>(command);
      if ((text === undefined) === (options.flavor === undefined)) {
        throw usageError('vm-or-flavor', 'name a VM, or ask about a request with --flavor, not both');
      }
      const { api } = await connectFor(cli, command, 'owner');
      const minerId = await minerFor(api, options.miner);
      const why =
        options.flavor === undefined
          ? await api.whyNotVm((await findVm(api, text ?? '')).vmId, minerId)
          : await api.whyNotRequest({ flavorId: options.flavor, minerId, accountId: options.account });
      answer(cli, options.json, why, () => whyText(why));
      if (!why.ok) cli.exit.code = exitCodes.bad;
    });
};

/** A whole id is enough for an owner, who may not list miners. */
const minerFor = async (api: Api, text: string | undefined): Promise<string | undefined> =>
  text === undefined || isWholeId(text) ? text : (await findMiner(api, text)).minerId;

const whyText = ({ ok, code, answer: said, counts, miners, position }: WhyNot): string => {
  const shown = table(
    ['MINER', 'NAME', 'FITS', 'REASON'],
    miners.map((miner) => [
      shortId(miner.minerId),
      miner.name ?? '-',
      miner.fits ? 'yes' : `no: ${miner.code ?? '-'}`,
      miner.text,
    ]),
  );
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const rest = total > miners.length ? `and ${total - miners.length} more\n` : '';
  return `${ok ? 'yes' : code}: ${safeText(said)}\n\n${shown}${rest}as of ${safeText(position ?? 'the beginning')}\n`;
};
