import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { MicroCredits } from '#domain';
import { errnoOf } from '#host';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { AccountView } from '../client/views.ts';
import { creditsArgument } from '../input/amounts.ts';
import { answer } from '../output/answer.ts';
import { creditsText } from '../output/credits.ts';
import { facts, table } from '../output/table.ts';
import { staleText, timeText } from '../output/time.ts';
import { accountFor } from './accounts.ts';
import { allOption, limitOption, rowsWanted, shownOf } from './lists.ts';
import { answerPast, atOption, momentOf } from './moment.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc account ...`: who pays. */
export const addAccountCommands = (program: Command, cli: Cli): void => {
  const account = program.command('account').description('accounts and their credits');
  addReads(account, cli);
  account
    .command('open')
    .description('open an account (operator)')
    .argument('<name>', 'what to call it')
    .option('--owner-token <file>', "make an owner's API token and write it there (mode 0600)")
    .option(...jsonOption)
    .addHelpText('after', examples('hcc account open alice --owner-token alice.token'))
    .action((name: string, _options, command: Command) => openAccount(cli, command, name));
  account
    .command('grant')
    .description('give an account credits (operator)')
    .argument('<account>', 'id, beginning of an id, or name')
    .argument(...creditsArgument('<credits>', 'how many; up to six digits after the point'))
    .option('--note <text>', 'why, for the story')
    .option('--deposit-id <uuid>', 'makes a repeat of this command harmless (default: a new one)')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc account grant alice 25', 'hcc account grant 1a2b 0.5 --note "bug bounty"'))
    .action(async (text: string, amount: MicroCredits, _options, command: Command) => {
      const { json, note, depositId } = optionsOf<{ note?: string; depositId?: string }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const accountId = await accountFor(api, text);
      const deposit = { depositId: depositId ?? cli.makes.uuid(), amount: amount.toString() };
      const accepted = await api.grant(accountId, note === undefined ? deposit : { ...deposit, note });
      answer(cli, json, { accountId, ...deposit, ...accepted }, () => `${creditsText(deposit.amount)} granted\n`);
    });
};

const addReads = (account: Command, cli: Cli): void => {
  account
    .command('ls')
    .alias('list')
    .description('list accounts (operator)')
    .option(...allOption)
    .option(...limitOption)
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText('after', examples('hcc account ls', 'hcc account ls --at 3d'))
    .action(async (_options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const accounts = shownOf(cli, command, await api.accounts(rowsWanted(command), momentOf(command)));
      answer(cli, optionsOf(command).json, accounts, () =>
        table(
          ['ID', 'NAME', 'AVAILABLE', 'HELD', 'DEPOSITED', 'OPENED'],
          accounts.map((each) => [
            each.accountId,
            each.name,
            creditsText(each.available),
            creditsText(each.held),
            creditsText(each.deposited),
            timeText(each.openedAt, cli.clock.now()),
          ]),
        ),
      );
    });
  account
    .command('status')
    .description('one account in full')
    .argument('[account]', "id, beginning of an id, or name (default: the token's own)")
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText('after', examples('hcc account status', 'hcc account status alice --at 1d'))
    .action(async (text: string | undefined, _options, command: Command) => {
      const { api } = await connectFor(cli, command, text === undefined ? 'owner' : 'operator');
      const { json, at } = optionsOf<{ at?: string }>(command);
      const accountId = await accountFor(api, text);
      if (at !== undefined) {
        return answerPast(cli, json, await api.accountAt(accountId, at), accountFacts);
      }
      const found = await api.account(accountId);
      answer(cli, json, found, () => accountFacts(found, cli.clock.now()));
    });
};

const openAccount = async (cli: Cli, command: Command, name: string): Promise<void> => {
  const { json, ownerToken } = optionsOf<{ ownerToken?: string }>(command);
  const { api } = await connectFor(cli, command, 'operator');
  const accountId = cli.makes.uuid();
  const tokenId = cli.makes.uuid();
  const secret = cli.makes.secret();
  // The file first: a token that was issued and then could not be kept would be of no use to anybody.
  if (ownerToken !== undefined) await writeNewSecret(resolve(cli.cwd, ownerToken), `hcc_${tokenId}_${secret}\n`);
  const accepted = await api.openAccount(accountId, name);
  if (ownerToken !== undefined) {
    const sha256 = createHash('sha256').update(secret).digest('hex');
    await api.issueToken(accountId, { tokenId, role: 'owner', sha256, label: `owner of ${name}` });
  }
  answer(cli, json, { accountId, name, ...accepted }, () => `${accountId}\n`);
  cli.terminal.err(
    `next: hcc account grant ${accountId} 25; hcc key add ~/.ssh/id_ed25519.pub --account ${accountId}\n`,
  );
};

const writeNewSecret = async (path: string, text: string): Promise<void> => {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    await file.close();
  } catch (error) {
    throw usageError('token-file-unwritable', `${path} cannot be written`, {
      observed: errnoOf(error) === 'EEXIST' ? 'a file of that name' : errnoOf(error),
      wanted: 'a name that is free',
      cause: error,
    });
  }
};

const accountFacts = (account: AccountView, now: number): string =>
  facts([
    ['account', `${account.name} (${account.accountId})`],
    ...(account.stale == null ? [] : [['STALE', staleText(account.stale, now)] as const]),
    ['available', creditsText(account.available)],
    ['held', creditsText(account.held)],
    ['deposited', creditsText(account.deposited)],
    ['opened', timeText(account.openedAt, now)],
  ]);
