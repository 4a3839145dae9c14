import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Api } from '../client/api.ts';
import type { ImageView } from '../client/image-view.ts';
import { answer } from '../output/answer.ts';
import { facts, table } from '../output/table.ts';
import { bytesText, shortId } from '../output/text.ts';
import { timeText } from '../output/time.ts';
import { imageFor, isMeant } from './accounts.ts';
import { addImageCache } from './image-cache.ts';
import { addImageEncryption } from './image-encrypt.ts';
import { addImageExport } from './image-export.ts';
import { addImageKeys } from './image-key.ts';
import { addImageMaking } from './image-make.ts';
import { allOption, limitOption, rowsWanted, shownOf } from './lists.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc image ...`: what VMs boot from. */
export const addImageCommands = (program: Command, cli: Cli): void => {
  const image = program.command('image').description('images that VMs boot from');
  image
    .command('ls')
    .alias('list')
    .description('list images, retired ones too')
    .option(...allOption)
    .option(...limitOption)
    .option(...jsonOption)
    .addHelpText('after', examples('hcc image ls', 'hcc image ls --json'))
    .action(async (_options, command: Command) => {
      const { api } = await connectFor(cli, command, 'owner');
      const images = shownOf(cli, command, await api.images(rowsWanted(command)));
      answer(cli, optionsOf(command).json, images, () => imageTable(images));
    });
  image
    .command('show')
    .description('one image in full: what it consists of, where it comes from, what of it is measured')
    .argument('<image>', 'digest, the beginning of one, or name')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc image show debian', 'hcc image show 7c1f --json'))
    .action(async (named: string, _options, command: Command) => {
      const { api } = await connectFor(cli, command, 'owner');
      const found = await api.image(await imageFor(api, named));
      answer(cli, optionsOf(command).json, found, () => imageFacts(found, cli.clock.now()));
    });
  image
    .command('retire')
    .description(
      'give an image to no new VM, and destroy the key of a private one; VMs that have it go on (operator, or whose private one it is)',
    )
    .argument('<image>', 'digest, the beginning of one, or name')
    .option('--reason <text>', 'for whoever asks for it the next day')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc image retire 7c1f --reason "its kernel has a hole"'))
    .action(async (named: string, _options, command: Command) => {
      const { json, reason } = optionsOf<{ reason?: string }>(command);
      const api = await retirerOf(cli, command, named);
      const digest = await imageFor(api, named);
      const { position } = await api.retireImage(digest, reason);
      const now = await api.image(digest, position ?? undefined);
      answer(cli, json, now, () => imageFacts(now, cli.clock.now()));
    });
  addImageMaking(image, cli);
  addImageExport(image, cli);
  addImageCache(image, cli);
  addImageEncryption(image, cli);
  addImageKeys(image, cli, imageFacts);
};

/** Who retires an image: an owner their own private one, an operator any other. */
const retirerOf = async (cli: Cli, command: Command, named: string): Promise<Api> => {
  const { api } = await connectFor(cli, command, 'owner');
  const isTheirs = (await api.images()).some((image) => image.private != null && isMeant(image, named));
  return isTheirs ? api : (await connectFor(cli, command, 'operator')).api;
};

const imageTable = (images: readonly ImageView[]): string =>
  table(
    ['DIGEST', 'NAME', 'VERSION', 'SYSTEM', 'ARCH', 'USER', 'MEMORY', 'WHOSE', 'OFFERED'],
    images.map(({ digest, manifest, offered, retiredReason, ...image }) => [
      digest.slice(0, 16),
      manifest.name,
      manifest.version,
      systemText(manifest),
      manifest.architecture,
      manifest.sshUser,
      `${bytesText(manifest.minMemoryBytes)} or more`,
      whoseText(image),
      offered === false ? `no: ${retiredReason ?? '-'}` : 'yes',
    ]),
  );

/** One image, for a person. */
export const imageFacts = ({ digest, manifest, ...image }: ImageView, now: number): string =>
  facts([
    ['image', digest],
    ['name', `${manifest.name} ${manifest.version}`],
    ['system', `${systemText(manifest)}, ${manifest.architecture}`],
    ['made from', inputsText(manifest)],
    ...(['kernel', 'initrd', 'rootfs'] as const).map((role): readonly [string, string] => {
      const file = manifest[role];
      return [role, file === undefined ? '-' : `${bytesText(file.bytes)}, sha256 ${file.sha256}`];
    }),
    ['command line', manifest.cmdline ?? '-'],
    ['log in as', manifest.sshUser],
    ['memory', `${bytesText(manifest.minMemoryBytes)} or more`],
    ['launch', image.measurements?.launch ?? 'unmeasured'],
    ['dm-verity root', manifest.verity?.rootHash ?? 'none: disks of its VMs are plain, and their miners can read them'],
    ...privacyFacts(image.private ?? null),
    ['registered', image.registeredAt === undefined ? '-' : timeText(image.registeredAt, now)],
    ['offered', offeredText(image, now)],
  ]);

const whoseText = ({ private: of }: Pick<ImageView, 'private'>): string =>
  of === null || of === undefined
    ? 'public'
    : `private, of ${shortId(of.accountId)}${of.key === 'kept' ? '' : `, key ${of.key}`}`;

const privacyFacts = (of: NonNullable<ImageView['private']> | null): readonly (readonly [string, string])[] =>
  of === null
    ? [['whose', 'public: anybody may have a VM of it']]
    : [
        ['whose', `private: only VMs of account ${of.accountId} are filled from it`],
        ['LUKS2 header', `sha256 ${of.headerSha256}, which a guest must find in it`],
        ['key', keyWords[of.key] ?? of.key],
      ];

const keyWords: Readonly<Record<string, string>> = {
  absent: 'not in the vault: hcc image key put',
  kept: 'in the vault',
  withdrawn: 'withdrawn: no guest gets it, and the vault is about to destroy it',
  destroyed: 'destroyed',
};

const offeredText = (image: Pick<ImageView, 'offered' | 'retiredAt' | 'retiredReason'>, now: number): string =>
  image.offered === false
    ? `no, since ${timeText(image.retiredAt ?? null, now)}: ${image.retiredReason ?? '-'}`
    : 'yes';

const systemText = ({ os }: ImageView['manifest']): string => (os === undefined ? '-' : `${os.id} ${os.version}`);

const inputsText = ({ inputs, packages }: ImageView['manifest']): string => {
  if (inputs === undefined) return `${packages?.length ?? 0} packages`;
  return inputs.kind === 'packages'
    ? `${inputs.count} packages, sha256 ${inputs.sha256} of their list`
    : `an imported disk, sha256 ${inputs.sha256}`;
};
