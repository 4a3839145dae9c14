import type { FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Luks2Header } from '#luks';
import type { Cli } from '../cli.ts';
import { badAnswer, usageError } from '../cli-error.ts';
import { sizeOption } from '../input/amounts.ts';
import { withDefault } from '../input/misread.ts';
import { answer } from '../output/answer.ts';
import { facts } from '../output/table.ts';
import { bytesText, shellWord } from '../output/text.ts';
import { encryptDisk } from './encrypt-disk.ts';
import { openGiven, readKeyFile } from './image-key-file.ts';
import { luksFailure } from './luks-failure.ts';
import { examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';

type EncryptOptions = {
  readonly out?: string;
  readonly keyFile?: string;
  readonly label?: string;
  readonly kdfMemory: number;
  readonly verify?: boolean;
};

/** `hcc image encrypt` and `hcc image inspect`: private images, made on their owner's own machine. */
export const addImageEncryption = (image: Command, cli: Cli): void => {
  image
    .command('encrypt')
    .description('encrypt a raw disk into a LUKS2 volume, here: no root, no device-mapper, and no network sees it')
    .argument('<file>', 'a raw disk: a file that whole sectors of 4096 bytes fill')
    .option('--out <file>', 'the volume to make; it must not be there')
    .option('--key-file <file>', 'what opens it; each of its bytes counts, a last line break too, as for cryptsetup')
    .option('--label <text>', 'shown by whoever looks at the volume, encrypted or not')
    .addOption(
      withDefault(
        sizeOption('--kdf-memory <size>', 'memory that Argon2id takes at each unlock'),
        64 * 1024 * 1024,
        '64MiB',
      ),
    )
    .option('--verify', 'then decrypt all of it again and compare')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        '(umask 077; head -c 64 /dev/urandom > web.key)',
        'hcc image encrypt web.raw --out web.luks --key-file web.key --verify',
      ),
    )
    .action((file: string, _options, command: Command) => encrypt(cli, command, file));
  image
    .command('inspect')
    .description('read the header of a LUKS2 volume as strictly as a guest does: what it is, or why no guest takes it')
    .argument('<file>', 'a LUKS2 volume')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc image inspect web.luks', 'hcc image inspect web.luks --json'))
    .action(async (file: string, _options, command: Command) => {
      const path = resolve(cli.cwd, file);
      await (await openGiven(path, 'file')).close();
      const { inspectLuks2File } = await import('#luks');
      const verdict = await inspectLuks2File(path);
      if (!verdict.ok) {
        const { code, message, ...seen } = verdict.refusal;
        throw badAnswer(code, `no guest takes ${file}: ${message}`, seen);
      }
      answer(cli, optionsOf(command).json, { file: path, header: verdict.header }, () =>
        facts([['volume', path], ...headerFacts(verdict.header)]),
      );
    });
};

const encrypt = async (cli: Cli, command: Command, file: string): Promise<void> => {
  const { out, keyFile, json, ...options } = optionsOf<EncryptOptions>(command);
  if (out === undefined || keyFile === undefined) {
    throw usageError('option-missing', `what becomes of ${file}, and what opens it?`, {
      wanted: '--out FILE --key-file FILE',
    });
  }
  const target = resolve(cli.cwd, out);
  const passphrase = await readKeyFile(resolve(cli.cwd, keyFile));
  try {
    const source = await openGiven(resolve(cli.cwd, file), 'file');
    try {
      await wantRawDisk(source, file);
      const header = await untilStopped(cli, (signal) =>
        encryptDisk(cli, { source, target, passphrase, signal, ...options }).catch((error: unknown) => {
          throw luksFailure(error, { file, target });
        }),
      );
      const shown = { file: target, header, verified: options.verify === true };
      answer(cli, json, shown, () =>
        facts([
          ['volume', target],
          ...headerFacts(header),
          ['verified', shown.verified ? 'yes: all of it decrypts to what it was made of' : 'no'],
          ['next', `hcc image inspect ${shellWord(out)}`],
        ]),
      );
    } finally {
      await source.close();
    }
  } finally {
    passphrase.fill(0);
  }
};

const wantRawDisk = async (source: FileHandle, file: string): Promise<void> => {
  const { buffer } = await source.read(Buffer.alloc(6), 0, 6, 0);
  const magic = buffer.toString('latin1');
  if (magic.startsWith('QFI\u00fb')) {
    throw usageError('not-raw', `${file} is a qcow2, which a guest would find inside its disk`, {
      wanted: 'a raw disk',
      fix: `qemu-img convert -O raw ${shellWord(file)} disk.raw`,
    });
  }
  if (magic === 'LUKS\u00ba\u00be') {
    throw usageError('encrypted-already', `${file} is a LUKS volume already`, {
      wanted: 'a raw disk',
      fix: `hcc image inspect ${shellWord(file)}`,
    });
  }
};

const headerFacts = (header: Luks2Header): readonly (readonly [string, string])[] => [
  ['form', 'LUKS2: one segment, one keyslot, one digest, nothing else'],
  ['UUID', header.uuid],
  ['label', header.label === '' ? '-' : header.label],
  ['cipher', `${header.cipher}, ${header.keyBits}-bit key, sectors of ${header.sectorBytes} bytes`],
  ['data', `${bytesText(header.dataBytes)} from byte ${header.dataOffsetBytes}`],
  ['unlock', unlockText(header)],
  ['header', `sha256 ${header.headerDigest} of ${bytesText(header.checkedBytes)}`],
];

const unlockText = ({ keyslot: { kdf, memoryKiB, iterations, cpus } }: Luks2Header): string =>
  `${kdf}, ${bytesText(memoryKiB * 1024)}, ${iterations} iterations, ${cpus} ${cpus === 1 ? 'thread' : 'threads'}`;
