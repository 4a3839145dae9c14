import { createHash } from 'node:crypto';
import { type FileHandle, rm } from 'node:fs/promises';
import type { Luks2Header } from '#luks';
import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import { limits } from '../limits.ts';
import { bytesText } from '../output/text.ts';

export type EncryptDisk = {
  readonly source: FileHandle;
  readonly target: string;
  readonly passphrase: Buffer;
  readonly signal: AbortSignal;
  readonly label?: string;
  readonly kdfMemory: number;
  readonly verify?: boolean;
};

/** Encrypts an open disk into a new file under a volume key that exists only here, and reads it back where that was asked for. */
export const encryptDisk = async (cli: Cli, work: EncryptDisk): Promise<Luks2Header> => {
  const { source, target, passphrase, signal, label, kdfMemory, verify } = work;
  const { writeLuks2Volume } = await import('#luks');
  const { size: sourceBytes } = await source.stat();
  const seen = createHash('sha256');
  const volumeKey = cli.makes.bytes(64);
  try {
    const header = await writeLuks2Volume({
      ...{ source: piecesOf(source, verify === true ? (piece) => seen.update(piece) : () => undefined), sourceBytes },
      ...{ target, volumeKey, passphrase, label, signal, uuid: cli.makes.uuid(), random: cli.makes.bytes },
      argon2id: { iterations: limits.luksIterations, memoryKiB: Math.floor(kdfMemory / 1024), cpus: 1 },
      progress: progressOf(cli, 'encrypt', sourceBytes),
    });
    if (verify === true) await verifyVolume(cli, work, seen.digest('hex'));
    return header;
  } finally {
    volumeKey.fill(0);
  }
};

/** Opens what was written with the key file, decrypts all of it, and removes it when it is not what was read. */
const verifyVolume = async (cli: Cli, { target, passphrase, signal }: EncryptDisk, wanted: string): Promise<void> => {
  const { openLuks2Volume } = await import('#luks');
  const volume = await openLuks2Volume({ path: target, passphrase });
  const tell = progressOf(cli, 'verify', volume.header.dataBytes);
  const read = createHash('sha256');
  let done = 0;
  try {
    for await (const piece of volume.stream()) {
      if (signal.aborted) throw badAnswer('stopped', `stopped; ${target} is whole, but not all of it was verified`);
      read.update(piece);
      done += piece.length;
      tell(done);
    }
  } finally {
    await volume.close();
  }
  if (read.digest('hex') === wanted) return;
  await rm(target, { force: true });
  throw badAnswer('verify-failed', `what was written to ${target} does not decrypt to what was read; it is removed`, {
    fix: 'look at the disk and the memory of this machine, then repeat the command',
  });
};

async function* piecesOf(source: FileHandle, see: (piece: Buffer) => void): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(limits.diskReadBytes);
  for (let at = 0; ; ) {
    const { bytesRead } = await source.read(piece, 0, piece.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    see(piece.subarray(0, bytesRead));
    yield piece.subarray(0, bytesRead);
  }
  piece.fill(0);
}

/** A line every two seconds, each with the whole picture. */
const progressOf = (cli: Cli, step: string, totalBytes: number): ((bytes: number) => void) => {
  let toldAt = cli.clock.now();
  return (bytes) => {
    if (cli.clock.now() - toldAt < limits.progressEveryMs) return;
    toldAt = cli.clock.now();
    cli.terminal.err(`hcc: ${step}: ${bytesText(bytes)} of ${bytesText(totalBytes)}\n`);
  };
};
