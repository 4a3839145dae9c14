import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Progress } from '#host';
import type { S3Store } from '#images';
import type { Cli } from '../cli.ts';
import { badAnswer, usageError } from '../cli-error.ts';
import { dirsOf } from '../context.ts';
import { answer } from '../output/answer.ts';
import { facts } from '../output/table.ts';
import { readKeyFile } from './image-key-file.ts';
import { examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';

type ExportOptions = {
  readonly to: string;
  readonly s3Endpoint?: string;
  readonly s3Region: string;
  readonly s3Credentials?: string;
};

/** `hcc image export`: an image of this machine's cache as a folder that others fetch it from. */
export const addImageExport = (image: Command, cli: Cli): void => {
  image
    .command('export')
    .description(
      'copy an image of this machine to where miners fetch it from: a directory, a bucket, or to add to IPFS',
    )
    .argument('<image>', 'digest, or the beginning of one; that of a boot image too')
    .requiredOption('--to <place>', 'a directory, or s3://BUCKET/PREFIX; it gets a folder named by the digest')
    .option('--s3-endpoint <url>', 'http(s) address of the store of that bucket')
    .option('--s3-region <region>', 'its region', 'us-east-1')
    .option('--s3-credentials <file>', 'a file (mode 600) with {"accessKeyId": ..., "secretAccessKey": ...}')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc image export 7c1f --to /srv/images',
        'hcc image export 7c1f --to s3://images/hcc --s3-endpoint https://s3.example.org --s3-credentials s3.json',
        'hcc image export 7c1f --to images && ipfs add -r images',
      ),
    )
    .action(async (named: string, _options, command: Command) => {
      const { json, home, ...given } = optionsOf<ExportOptions>(command);
      const { cacheDir } = dirsOf(cli, home);
      const { exportImage, isImageError, listExportable } = await import('#images');
      const digest = oneOf(named, await listExportable(cacheDir), cacheDir);
      const s3 = await storeOf(cli, given);
      const to = given.to.startsWith('s3://') ? given.to : resolve(cli.cwd, given.to);
      const report = ({ step, detail }: Progress) => cli.terminal.err(`hcc: ${step}: ${detail}\n`);
      const exported = await untilStopped(cli, (signal) =>
        exportImage(digest, { cacheDir, to, s3, report, signal }).catch((error: unknown) => {
          throw isImageError(error) ? badAnswer(error.code, error.message, { cause: error }) : error;
        }),
      );
      answer(cli, json, exported, () =>
        facts([
          ['image', exported.digest],
          ['in', exported.dir],
          ['files', exported.files.join(', ')],
          [
            'next',
            `HCC_IMAGE_SOURCES=${to.startsWith('s3://') ? to : `dir:${to}`} for miners, or add the folder to IPFS`,
          ],
        ]),
      );
    });
};

/** The store that the options name; none for a directory. */
const storeOf = async (
  cli: Cli,
  { to, s3Endpoint, s3Region, s3Credentials }: ExportOptions,
): Promise<S3Store | undefined> => {
  if (!to.startsWith('s3://')) return undefined;
  if (s3Endpoint === undefined || s3Credentials === undefined) {
    throw usageError('option-missing', `where is the store of ${to}, and who asks?`, {
      wanted: '--s3-endpoint URL --s3-credentials FILE',
    });
  }
  if (!/^https?:\/\/[^/]/.test(s3Endpoint)) {
    throw usageError('address-form', `"${s3Endpoint}" is no address of a store`, { wanted: 'http(s)://HOST' });
  }
  const { parseS3Key } = await import('#images');
  const path = resolve(cli.cwd, s3Credentials);
  const bytes = await readKeyFile(path);
  const key = parseS3Key(bytes.toString('utf8'));
  bytes.fill(0);
  if (key !== null) return { endpoint: s3Endpoint, region: s3Region, ...key };
  throw usageError('credentials-form', `${path} holds no credentials of a store`, {
    wanted: '{"accessKeyId": "...", "secretAccessKey": "..."}',
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
