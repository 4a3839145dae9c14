import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isHostError } from '#host';
import type { BuildImageOptions, Image } from '#images';
import type { Cli } from '../cli.ts';
import { badAnswer, usageError } from '../cli-error.ts';
import { dirsOf } from '../context.ts';
import { sizeOption } from '../input/amounts.ts';
import { answer } from '../output/answer.ts';
import { facts } from '../output/table.ts';
import { bytesText } from '../output/text.ts';
import { handOver, recipientAt } from './hand-over.ts';
import { memoryOption, osOption, packageList, sha256Hex } from './image-options.ts';
import { knownNetworkOption } from './network-key.ts';
import { openPrivateDisk, type PrivateDisk } from './private-image.ts';
import { connectFor, examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';

type MakeOptions = { readonly name?: string; readonly register: boolean };
type BuildOptions = MakeOptions & {
  readonly suite?: string;
  readonly apps?: readonly string[];
  readonly size?: number;
  readonly rebuild?: boolean;
};
type ImportOptions = MakeOptions & {
  readonly sha256?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly cmdline: string;
  readonly sshUser: string;
  readonly memory: number;
  readonly os: { readonly id: string; readonly version: string };
  readonly sealed?: boolean;
  readonly keyFile?: string;
  readonly account?: string;
};

type OwnedOptions = MakeOptions & { readonly account?: string; readonly networkKey?: string };

const noRegister = ['--no-register', 'only put it into the cache of this machine; needs no cluster'] as const;

/** `hcc image build` and `hcc image import`: new images into the cache of this machine, and into the catalogue. */
export const addImageMaking = (image: Command, cli: Cli): void => {
  image
    .command('build')
    .description('build an image from Debian packages, and register it')
    .argument('<system>', 'debian: a full Debian with systemd and sshd')
    .option('--name <name>', 'what to call it', 'debian')
    .option('--suite <suite>', 'release of Debian, by codename', 'bookworm')
    .option('--apps <list>', 'Debian packages to install too, separated by commas', packageList)
    .option(...sizeOption('--size <size>', 'the least size of its root file system; each VM grows it to its own disk'))
    .option('--rebuild', 'with the packages of today, even when an image of these options is there')
    .option(...noRegister)
    .option(...jsonOption)
    .addHelpText('after', examples('hcc image build debian', 'hcc image build debian --apps docker.io,build-essential'))
    .action(async (system: string, _options, command: Command) => {
      if (system !== 'debian') throw usageError('system-unknown', `"${system}" cannot be built`, { wanted: 'debian' });
      const { name, suite, apps, size, rebuild } = optionsOf<BuildOptions>(command);
      await makeImage(cli, command, async (options) => {
        const { buildDebianImage } = await import('#images');
        return buildDebianImage({ ...options, name, suite, apps, sizeBytes: size, rebuild });
      });
    });
  image
    .command('import')
    .description("make an image of somebody else's disk: checked, made whole, registered")
    .argument('<disk>', 'a qcow2 or raw disk: a file, or an http(s) address')
    .option('--sha256 <hex>', 'what the disk must hash to; an address needs it', sha256Hex)
    .option('--kernel <file>', 'what QEMU starts; the disk is not searched for one')
    .option('--initrd <file>', 'its first RAM disk')
    .option('--cmdline <text>', 'command line of the kernel', 'console=ttyS0 root=/dev/vda rw')
    .option('--name <name>', 'what to call it', 'imported')
    .option('--ssh-user <user>', 'who logs in', 'root')
    .addOption(memoryOption())
    .addOption(osOption())
    .option(
      '--sealed',
      'the disk is one ext4 root file system made as ours are (libs/images/guest): its VMs have disks only they can read',
    )
    .option(
      '--key-file <file>',
      'of a volume of hcc image encrypt: its key, which the vault is given; the image is private then',
    )
    .option('--account <account>', 'whose a private image is (default: that of the token)')
    .option(...knownNetworkOption)
    .option(...noRegister)
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc image import disk.qcow2 --kernel vmlinuz --initrd initrd.img --name mine --ssh-user debian',
        'hcc image import web.luks --sealed --key-file web.key --kernel vmlinuz --initrd initrd.img --name web',
      ),
    )
    .action(async (source: string, _options, command: Command) => {
      const flags = optionsOf<ImportOptions>(command);
      const { kernel, initrd, sha256 } = flags;
      if (kernel === undefined || initrd === undefined) {
        throw usageError('kernel-missing', 'a VM is started with a kernel and a first RAM disk of its own', {
          wanted: '--kernel FILE --initrd FILE',
          fix: 'take them from where the disk comes from, or out of its /boot',
        });
      }
      if (/^https?:/i.test(source) && sha256 === undefined) {
        throw usageError('sha256-missing', 'whoever answers at an address could send anything', {
          wanted: '--sha256 HEX',
        });
      }
      const disk = await privateDiskOf(cli, source, flags);
      const make = async (options: BuildImageOptions) => {
        const { importImage } = await import('#images');
        const files = { kernel: resolve(cli.cwd, kernel), initrd: resolve(cli.cwd, initrd) };
        const { cmdline, sshUser, memory: minMemoryBytes } = flags;
        return importImage({
          ...{ ...options, ...files, source: localPath(cli, source), cmdline, sshUser, minMemoryBytes, os: flags.os },
          name: flags.name ?? 'imported',
          ...{ sha256, sealed: flags.sealed, encrypted: disk !== null },
        });
      };
      await makeImage(cli, command, make, disk).finally(() => disk?.key.fill(0));
    });
};

/** A volume that is given with its key; null for a disk that is not encrypted. Refuses what no guest could open. */
const privateDiskOf = async (
  cli: Cli,
  source: string,
  { sealed, keyFile }: ImportOptions,
): Promise<PrivateDisk | null> => {
  if (keyFile === undefined) return null;
  if (sealed === true && !/^https?:/i.test(source)) return openPrivateDisk(cli, resolve(cli.cwd, source), keyFile);
  throw usageError('private-image-unclear', '--key-file is of a volume that this machine has encrypted', {
    wanted: '--sealed, and a file',
    fix: 'hcc image import web.luks --sealed --key-file web.key',
  });
};

/** Makes an image while Ctrl-C ends it, registers it unless told otherwise, with its key where it is private, and answers
 *  with what it is. */
const makeImage = async (
  cli: Cli,
  command: Command,
  make: (options: BuildImageOptions) => Promise<Image>,
  disk: PrivateDisk | null = null,
): Promise<void> => {
  const { json, register, home, account, networkKey } = optionsOf<OwnedOptions>(command);
  // Before minutes of work, not after them.
  const at = register ? await connectFor(cli, command, disk === null ? 'operator' : 'owner') : null;
  const to = at === null || disk === null ? null : await recipientAt(cli, at, { account, networkKey });
  const api = at?.api ?? null;
  const { cacheDir } = dirsOf(cli, home);
  const report = ({ step, detail }: { step: string; detail: string }) => cli.terminal.err(`hcc: ${step}: ${detail}\n`);
  const { digest, dir, manifest } = await untilStopped(cli, (signal) =>
    make({ cacheDir, report, signal }).catch((error: unknown) => {
      throw named(error, signal);
    }),
  );
  const owned = disk === null || to === null ? undefined : { accountId: to.accountId, headerSha256: disk.headerSha256 };
  const registered = api === null ? null : await api.registerImage(digest, manifest, owned);
  const kept = disk === null || to === null ? null : await handOver(cli, { ...to, imageDigest: digest }, disk.key);
  const shown = { digest, dir, manifest, registered: registered !== null, private: kept?.private ?? owned ?? null };
  answer(cli, json, shown, () =>
    facts([
      ['image', digest],
      ['name', `${manifest.name} ${manifest.version}`],
      ['in', dir],
      ['root file system', bytesText(manifest.rootfs.bytes)],
      ['registered', registered === null ? 'no' : 'yes'],
      ...(disk === null
        ? []
        : [
            [
              'private',
              kept?.private == null
                ? 'its key is given nowhere yet: hcc image key put'
                : `of account ${kept.private.accountId}, its key in the vault`,
            ] as const,
          ]),
      ['next', `hcc vm create --image ${digest.slice(0, 16)} --name NAME`],
    ]),
  );
};

/** What ends a build, with the code it has. The library is loaded only here, so its errors are known by their name. */
const named = (error: unknown, signal: AbortSignal): unknown => {
  if (signal.aborted) return badAnswer('stopped', 'stopped; no half image is left', { fix: 'repeat the command' });
  if (!(error instanceof Error) || isHostError(error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return code === null || error.name !== 'ImageError' ? error : badAnswer(code, error.message, { cause: error });
};

const localPath = (cli: Cli, source: string): string =>
  /^https?:\/\//i.test(source) ? source : resolve(cli.cwd, source);
