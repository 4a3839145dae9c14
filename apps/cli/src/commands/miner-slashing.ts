import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Api } from '../client/api.ts';
import type { SlashingView } from '../client/trust.ts';
import type { Stale } from '../client/views.ts';
import { matchOne } from '../match.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { shortId } from '../output/text.ts';
import { findMiner } from './miner-drain.ts';
import { answerPast, atOption, staleLine } from './moment.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

const minerArgument = ['<miner>', 'id, beginning of an id, or name'] as const;
const proposalArgument = ['<proposal>', 'id, or the beginning of one'] as const;

/** `hcc miner slashing ...`: what is proposed to be taken from a miner, appeals and decisions. */
export const addMinerSlashing = (miner: Command, cli: Cli): void => {
  const slashing = miner
    .command('slashing')
    .description('proposals to take something from a miner, and what came of them');
  slashing
    .command('ls')
    .alias('list')
    .description('list the proposals for one miner')
    .argument(...minerArgument)
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText('after', examples('hcc miner slashing ls miner-1', 'hcc miner slashing ls miner-1 --at 1d'))
    .action(async (text: string, _options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const { minerId } = await findMiner(api, text);
      const { json, at } = optionsOf<{ at?: string }>(command);
      if (at !== undefined) return answerPast(cli, json, await api.slashingsAt(minerId, at), slashingTable);
      const found = await api.slashings(minerId);
      answer(cli, json, found.items, () => slashingTable(found, cli.clock.now()));
    });
  addChange(slashing, cli, 'appeal', 'say for the miner why a proposal is wrong', (api, minerId, proposalId, reason) =>
    api.appealSlashing(minerId, proposalId, reason),
  );
  addChange(slashing, cli, 'uphold', 'decide that a proposal is right', (api, minerId, proposalId, reason) =>
    api.decideSlashing(minerId, proposalId, 'upheld', reason),
  );
  addChange(slashing, cli, 'withdraw', 'decide that a proposal is wrong', (api, minerId, proposalId, reason) =>
    api.decideSlashing(minerId, proposalId, 'withdrawn', reason),
  );
};

type Change = (api: Api, minerId: string, proposalId: string, reason: string) => Promise<unknown>;

const addChange = (slashing: Command, cli: Cli, verb: string, description: string, change: Change): void => {
  slashing
    .command(verb)
    .description(description)
    .argument(...minerArgument)
    .argument(...proposalArgument)
    .requiredOption('--reason <text>', 'for whoever looks at it later')
    .option(...jsonOption)
    .addHelpText('after', examples(`hcc miner slashing ${verb} miner-1 3c --reason "the board was changed"`))
    .action(async (text: string, proposal: string, _options, command: Command) => {
      const { json, reason } = optionsOf<{ reason: string }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const { minerId } = await findMiner(api, text);
      const named = ({ proposalId, ground }: SlashingView) => ({ id: proposalId, name: ground });
      const { proposalId } = matchOne('proposal', proposal, (await api.slashings(minerId)).items, named);
      await change(api, minerId, proposalId, reason);
      const now = await api.slashings(minerId);
      answer(cli, json, now.items, () => slashingTable(now, cli.clock.now()));
    });
};

type Slashings = { readonly items: readonly SlashingView[]; readonly stale?: Stale };

const slashingTable = ({ items, stale }: Slashings, now: number): string =>
  staleLine(stale, now).concat(
    table(
      ['PROPOSAL', 'GROUND', 'STATE', 'ALONE', 'APPRAISAL', 'APPEAL', 'DECISION'],
      items.map(({ proposalId, ground, state, needsCorroboration, appraisalId, appeal, decision }) => [
        ...[shortId(proposalId), ground, state, needsCorroboration ? 'never' : 'yes', shortId(appraisalId)],
        ...[appeal ?? '-', decision?.reason ?? '-'],
      ]),
    ),
  );
