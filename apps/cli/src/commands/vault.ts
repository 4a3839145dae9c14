import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type KekSource, kekCommand, openVaultDirectory, readKek, type VaultDirectory } from '#adapters/vault';
import { VaultError, type VaultRotation } from '#events';
import { renameDurably, syncFile } from '#host';
import type { Cli } from '../cli.ts';
import { badAnswer, exitCodes, usageError } from '../cli-error.ts';
import { dirsOf } from '../context.ts';
import { progressEveryMs } from '../export/limits.ts';
import { answer } from '../output/answer.ts';
import { ensureKekFile } from '../up/vault.ts';
import { returnedHolders } from './vault-returned.ts';
import { ofBackups, returnedText, rotatedText, statusText } from './vault-text.ts';
import { examples, type Globals, jsonOption, optionsOf } from './verbs.ts';

type VaultFlags = Globals & { dir?: string; keyFile?: string; keyCommand?: string };
type RotateFlags = VaultFlags & { newKeyFile?: string; newKeyCommand?: string };

/** `hcc vault`: the keys of volumes, on the machine that has them. No key is ever shown. */
export const addVaultCommands = (program: Command, cli: Cli): void => {
  const vault = program.command('vault').description('the keys of every disk, on the machine that keeps them');
  const verb = (name: string, description: string): Command =>
    vault
      .command(name)
      .description(description)
      .option('--dir <dir>', 'the vault (default: HCC_VAULT_DIR, else the one of this home)')
      .option('--key-file <file>', 'what its keys are wrapped under (default: HCC_VAULT_KEY_FILE, else of this home)')
      .option('--key-command <json>', 'a program that writes that key, as a JSON array of its words')
      .option(...jsonOption);

  verb('status', 'how many keys there are, and what they are wrapped under')
    .addHelpText('after', examples('hcc vault status', 'hcc vault status --dir /srv/vault --key-file /srv/vault.key'))
    .action(async (_: VaultFlags, self: Command) => {
      const flags = optionsOf<VaultFlags>(self);
      const { dir, kek } = placeOf(cli, flags);
      const [status, holders] = await within(cli, dir, [kek], async (open) => [
        await open.status(),
        await open.holders(),
      ]);
      const returned = await returnedHolders(cli, self, holders);
      const ok = status.missingKeks.length === 0 && (returned ?? []).length === 0;
      answer(cli, flags.json, { ok, dir, ...status, returned }, () => statusText(dir, status) + returnedText(returned));
      if (!ok) cli.exit.code = exitCodes.bad;
    });

  verb('rotate', 'wrap every key anew under another one; no disk is touched, and a stopped rotation is taken up again')
    .option('--new-key-file <file>', 'the other one (default: one is made, and takes the place of this home’s)')
    .option('--new-key-command <json>', 'a program that writes the other one, as a JSON array of its words')
    .addHelpText(
      'after',
      `\n${ofBackups}\n${examples(
        'hcc vault rotate',
        'hcc vault rotate --dir /srv/vault --key-file /srv/vault.key --new-key-file /srv/vault-2027.key',
      )}`,
    )
    .action(async (_: RotateFlags, self: Command) => {
      const flags = optionsOf<RotateFlags>(self);
      const { dir, done, kekId } = await rotate(cli, flags);
      answer(cli, flags.json, { ok: true, dir, ...done, kekId }, () => rotatedText(dir, done, kekId));
    });
};

const placeOf = (cli: Cli, flags: VaultFlags) => {
  const { homeDir } = dirsOf(cli, flags.home);
  const dir = resolve(cli.cwd, flags.dir ?? cli.env.HCC_VAULT_DIR ?? join(homeDir, 'vault'));
  const named = sourceOf(cli, flags.keyFile, flags.keyCommand, 'key');
  const configured = sourceOf(cli, cli.env.HCC_VAULT_KEY_FILE, cli.env.HCC_VAULT_KEY_COMMAND, 'key');
  const own = join(homeDir, 'secrets', 'vault.key');
  return { dir, own, kek: named ?? configured ?? ({ kind: 'file', path: own } as const) };
};

const sourceOf = (
  cli: Cli,
  file: string | undefined,
  command: string | undefined,
  name: 'key' | 'new-key',
): KekSource | null => {
  if (file !== undefined && command !== undefined) {
    throw usageError('two-keys', `--${name}-file and --${name}-command were both given`, { fix: 'give one of them' });
  }
  if (command !== undefined) return commandOf(command, name);
  return file === undefined ? null : { kind: 'file', path: resolve(cli.cwd, file) };
};

const commandOf = (json: string, name: string): KekSource => {
  try {
    return kekCommand(json);
  } catch (error) {
    const wanted = '\'["/path/to/program","argument"]\'';
    throw usageError('key-command-malformed', `--${name}-command is no JSON array of words`, { wanted, cause: error });
  }
};

/** The other key is the one that is opened with, the present one an older one: so that a rotation goes on where it stopped. */
const rotate = async (cli: Cli, flags: RotateFlags) => {
  const { dir, own, kek } = placeOf(cli, flags);
  const named = sourceOf(cli, flags.newKeyFile, flags.newKeyCommand, 'new-key');
  const isOwn = kek.kind === 'file' && kek.path === own;
  if (named === null && !isOwn) {
    throw usageError('new-key-missing', `nothing says what the keys of ${dir} shall be wrapped under`, {
      wanted: '--new-key-file, or --new-key-command',
      fix: 'make one: (umask 077; openssl rand -hex 32 > vault-new.key)',
    });
  }
  const made = `${own}.new`;
  if (named === null) await ensureKekFile(made);
  const to: KekSource = named ?? { kind: 'file', path: made };
  // Before the first key is wrapped under it: whoever loses it then has lost every one of them. A file that a person made a
  // moment ago is as little on the disk as our own.
  if (to.kind === 'file') await demandDurable(to.path);
  const result = await within(cli, dir, [to, kek], async (open, [key]) => {
    const done = await open.rotate(key, teller(cli));
    return { dir, done, kekId: (await open.status()).kekId };
  });
  // Last: until here every key is to be had with one of the two.
  if (named === null) await renameDurably(made, own);
  return result;
};

const demandDurable = async (path: string): Promise<void> => {
  try {
    await syncFile(path);
  } catch (error) {
    throw badAnswer(
      'kek-unusable',
      `the other key ${path} cannot be made to survive a power cut, so nothing is wrapped under it`,
      {
        wanted: 'a file on a disk that is written',
        cause: error,
      },
    );
  }
};

const within = async <Result>(
  cli: Cli,
  dir: string,
  [first, ...older]: readonly [KekSource, ...KekSource[]],
  use: (vault: VaultDirectory, keks: readonly [Uint8Array]) => Promise<Result>,
): Promise<Result> => {
  const keys: Uint8Array[] = [];
  try {
    await demandVault(dir);
    const kek = await readKek(first);
    keys.push(kek);
    for (const source of older) keys.push(await readKek(source));
    const vault = await openVaultDirectory({
      ...{ dir, networkId: null, random: cli.makes.bytes, kek, olderKeks: keys.slice(1) },
    });
    try {
      return await use(vault, [kek]);
    } finally {
      await vault.close();
    }
  } catch (error) {
    if (error instanceof VaultError) throw badAnswer(error.code, error.message, { cause: error });
    throw error;
  } finally {
    for (const key of keys) key.fill(0);
  }
};

/** Opening one makes one, and whoever asks about a vault wants none made. */
const demandVault = async (dir: string): Promise<void> => {
  const isThere = await stat(join(dir, 'vault.json')).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  throw badAnswer('vault-absent', `there is no vault in ${dir}`, {
    wanted: 'the directory of one, which has a vault.json',
    fix: 'name it by --dir, or run npm start, which makes one',
  });
};

const teller = (cli: Cli): ((progress: VaultRotation) => void) => {
  let toldAt = cli.clock.now();
  return ({ done, total }) => {
    if (cli.clock.now() - toldAt < progressEveryMs) return;
    toldAt = cli.clock.now();
    cli.terminal.err(`hcc: ${done} of ${total} keys are wrapped anew\n`);
  };
};
