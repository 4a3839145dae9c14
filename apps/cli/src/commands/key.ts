import { resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { SshKeyView, Stale } from '../client/views.ts';
import { readSmallFile } from '../context.ts';
import { matchOne } from '../match.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { timeText } from '../output/time.ts';
import { accountFor } from './accounts.ts';
import { answerPast, atOption, momentOf, staleLine } from './moment.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

type KeyOptions = { readonly account?: string };
const accountOption = ['--account <account>', "whose keys (default: the token's account)"] as const;

/** `hcc key ...`: the SSH keys that get into new VMs. */
export const addKeyCommands = (program: Command, cli: Cli): void => {
  const key = program.command('key').description('SSH public keys of an account');
  key
    .command('ls')
    .alias('list')
    .description('list keys')
    .option(...accountOption)
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText('after', examples('hcc key ls', 'hcc key ls --at 3d'))
    .action(async (_options, command: Command) => {
      const { json, account } = optionsOf<KeyOptions>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const accountId = await accountFor(api, account);
      const at = momentOf(command);
      if (at !== undefined) return answerPast(cli, json, await api.keysAt(accountId, at), keysText);
      const keys = await api.keys(accountId);
      answer(cli, json, keys.items, () => keysText(keys, cli.clock.now()));
    });
  key
    .command('add')
    .description('add a public key (ssh-ed25519 or ssh-rsa)')
    .argument('<file>', 'the .pub file, or - for stdin')
    .option(...accountOption)
    .option(...jsonOption)
    .addHelpText('after', examples('hcc key add ~/.ssh/id_ed25519.pub', 'ssh-add -L | head -1 | hcc key add -'))
    .action(async (file: string, _options, command: Command) => {
      const { json, account } = optionsOf<KeyOptions>(command);
      const publicKey = await readPublicKey(cli, file);
      const { api } = await connectFor(cli, command, 'owner');
      const accepted = await api.addKey(await accountFor(api, account), publicKey);
      answer(cli, json, accepted, () => (accepted.events.length === 0 ? 'that key was there already\n' : 'added\n'));
    });
  key
    .command('rm')
    .description('remove a key; VMs that have it already keep it')
    .argument('<key>', 'fingerprint, or comment')
    .option(...accountOption)
    .option(...jsonOption)
    .addHelpText('after', examples('hcc key rm SHA256:5f2v...', 'hcc key rm alice@laptop'))
    .action(async (text: string, _options, command: Command) => {
      const { json, account } = optionsOf<KeyOptions>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const accountId = await accountFor(api, account);
      const accepted = await api.removeKey(accountId, await fingerprintFor(api, accountId, text));
      answer(cli, json, accepted, () => 'removed\n');
    });
};

const keysText = ({ items, stale }: { readonly items: readonly SshKeyView[]; readonly stale?: Stale }, now: number) =>
  staleLine(stale, now).concat(
    table(
      ['FINGERPRINT', 'TYPE', 'COMMENT', 'ADDED'],
      items.map((each) => [each.fingerprint, each.keyType, each.comment, timeText(each.addedAt, now)]),
    ),
  );

/** The fingerprint meant by itself, a beginning of it, or the key's comment. */
export const fingerprintFor = async (
  api: Awaited<ReturnType<typeof connectFor>>['api'],
  accountId: string,
  text: string,
): Promise<string> => {
  const keys = (await api.keys(accountId)).items.map(({ fingerprint, comment }) => ({ fingerprint, comment }));
  // Fingerprints tell upper from lower case; what is typed is compared as it is.
  const exact = keys.filter(({ fingerprint }) =>
    fingerprint.replace(/^SHA256:/, '').startsWith(text.replace(/^SHA256:/, '')),
  );
  const [only] = exact;
  if (exact.length === 1 && only !== undefined) return only.fingerprint;
  return matchOne('key', text, keys, ({ fingerprint, comment }) => ({ id: fingerprint, name: comment })).fingerprint;
};

const readPublicKey = async (cli: Cli, file: string): Promise<string> => {
  const text = file === '-' ? await readAll(process.stdin) : await readSmallFile(resolve(cli.cwd, file));
  if (text === null) {
    throw usageError('file-missing', `there is no file ${file}`, {
      wanted: 'a .pub file, or - for stdin',
      fix: 'ls ~/.ssh/*.pub; ssh-keygen -t ed25519 makes one',
    });
  }
  // A private key must never leave this machine, whatever the server would say to it.
  if (text.includes('PRIVATE KEY')) {
    throw usageError('private-key', `${file} holds a private key, which was not sent`, {
      wanted: 'the public one',
      fix: `hcc key add ${file}.pub`,
    });
  }
  return text.trim();
};
