import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { ImageView } from '../client/image-view.ts';
import { answer } from '../output/answer.ts';
import { shellWord } from '../output/text.ts';
import { imageFor } from './accounts.ts';
import { handOver, recipientAt } from './hand-over.ts';
import { readKeyFile } from './image-key-file.ts';
import { knownNetworkOption } from './network-key.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc image key ...`: the key of a private image, into the network's vault and out of it. */
export const addImageKeys = (image: Command, cli: Cli, shown: (image: ImageView, now: number) => string): void => {
  const key = image.command('key').description("the key of a private image in the network's vault");
  key
    .command('put')
    .description(
      'hand it over, sealed to the vault: guests of yours that attested are given it, to fill their disks, and nobody else',
    )
    .argument('<image>', 'digest, the beginning of one, or name')
    .option('--key-file <file>', 'what opens it: 64 bytes, mode 600')
    .option(...knownNetworkOption)
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc image key put web --key-file web.key',
        'hcc image key put web --key-file web.key --network-key network.pub --url https://hcc.example --token-file t',
      ),
    )
    .action(async (named: string, _options, command: Command) => {
      const { keyFile, networkKey, json } = optionsOf<{ keyFile?: string; networkKey?: string }>(command);
      if (keyFile === undefined) throw keyFileMissing(named);
      const bytes = await readImageKey(cli, keyFile);
      try {
        const to = await recipientAt(cli, await connectFor(cli, command, 'owner'), { networkKey });
        const now = await handOver(cli, { ...to, imageDigest: await imageFor(to.api, named) }, bytes);
        answer(cli, json, now, () => shown(now, cli.clock.now()));
      } finally {
        bytes.fill(0);
      }
    });
  key
    .command('withdraw')
    .description('have the vault destroy it, for good; disks that were filled from the image have keys of their own')
    .argument('<image>', 'digest, the beginning of one, or name')
    .option('--reason <text>', 'for whoever asks the next day')
    .option('-y, --yes', 'do not ask')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc image key withdraw web --reason "it leaked"'))
    .action(async (named: string, _options, command: Command) => {
      const { reason, yes, json } = optionsOf<{ reason?: string; yes?: boolean }>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const digest = await imageFor(api, named);
      if (yes !== true) await agreed(cli, digest);
      const { position } = await api.withdrawImageKey(digest, reason);
      const now = await api.image(digest, position ?? undefined);
      answer(cli, json, now, () => shown(now, cli.clock.now()));
    });
};

/** The key of a private image as the vault takes it: 64 bytes. The caller zeroes them. Refuses with `key-file-length`. */
export const readImageKey = async (cli: Cli, keyFile: string): Promise<Buffer> => {
  const path = resolve(cli.cwd, keyFile);
  const bytes = await readKeyFile(path);
  if (bytes.length === imageKeyBytes) return bytes;
  const observed = `${bytes.length} bytes`;
  bytes.fill(0);
  throw usageError('key-file-length', `the key file ${path} is none that the vault takes`, {
    observed,
    wanted: `${imageKeyBytes} random bytes`,
    fix: '(umask 077; head -c 64 /dev/urandom > KEY), and encrypt the disk anew with that: hcc image encrypt',
  });
};

export const keyFileMissing = (image: string) =>
  usageError('option-missing', `what opens ${image}?`, {
    wanted: '--key-file FILE',
    fix: `the file it was encrypted with: hcc image encrypt DISK --out ${shellWord(image)} --key-file FILE`,
  });

const imageKeyBytes = 64;

const agreed = async (cli: Cli, digest: string): Promise<void> => {
  const short = digest.slice(0, 16);
  const question = `No new VM is ever filled from image ${short} after this, and no VM of it that has not booted yet boots.\nDestroy its key in the vault?`;
  const said = await cli.terminal.confirm(question);
  if (said === true) return;
  throw usageError('not-confirmed', `the vault keeps the key of image ${short}`, {
    observed: said === null ? 'nobody to ask' : 'no',
    wanted: 'yes',
    fix: `hcc image key withdraw ${short} --yes`,
  });
};
