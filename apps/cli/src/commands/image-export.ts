import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import { dirsOf } from '../context.ts';
import { answer } from '../output/answer.ts';
import { facts } from '../output/table.ts';
import { examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';

/** `hcc image export`: an image of this machine's cache as a directory that others fetch it from. */
export const addImageExport = (image: Command, cli: Cli): void => {
  image
    .command('export')
    .description('copy an image of this machine into a directory: to serve, to put into a bucket, to add to IPFS')
    .argument('<image>', 'digest, or the beginning of one')
    .requiredOption('--to <dir>', 'where to; it gets a folder named by the digest')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc image export 7c1f --to /srv/images'))
    .action(async (named: string, _options, command: Command) => {
      const { json, home, to } = optionsOf<{ to: string }>(command);
      const { cacheDir } = dirsOf(cli, home);
      const { exportImage, isImageError, listImages } = await import('#images');
      const digest = oneOf(
        named,
        (await listImages(cacheDir)).map((found) => found.digest),
        cacheDir,
      );
      cli.terminal.err(`hcc: image: reading every byte of ${digest.slice(0, 16)} and copying it\n`);
      const exported = await untilStopped(cli, (signal) =>
        exportImage(digest, { cacheDir, to: resolve(cli.cwd, to), signal }).catch((error: unknown) => {
          throw isImageError(error) ? badAnswer(error.code, error.message, { cause: error }) : error;
        }),
      );
      answer(cli, json, exported, () =>
        facts([
          ['image', exported.digest],
          ['in', exported.dir],
          ['files', exported.files.join(', ')],
        ]),
      );
    });
};

const oneOf = (named: string, digests: readonly string[], cacheDir: string): string => {
  const found = digests.filter((digest) => digest.startsWith(named.toLowerCase()));
  const [digest] = found;
  if (digest !== undefined && found.length === 1) return digest;
  const observed = found.length === 0 ? 'no image' : `${found.length} images`;
  throw badAnswer('image-not-found', `${observed} of ${cacheDir} begin with "${named}"`, {
    wanted:
      digests.length === 0 ? 'an image on this machine' : `one of ${digests.map((one) => one.slice(0, 16)).join(', ')}`,
    fix: 'hcc image build or hcc image import puts an image there',
  });
};
