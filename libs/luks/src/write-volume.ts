import { Buffer } from 'node:buffer';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { encryptStream } from './encrypt-stream.ts';
import { writeAll } from './file-bytes.ts';
import { digestIterations, layout, makeHeader } from './header/make-header.ts';
import { volumeKeyBytes } from './header/metadata.ts';
import { type Luks2Header, parseLuks2Header } from './header/parse-header.ts';
import { type Argon2id, digestOf, type RandomBytes, sealKeyslot } from './keyslot.ts';
import { type Argon2idBounds, defaultArgon2idBounds, limits } from './limits.ts';
import { LuksError } from './luks-error.ts';
import { sectorKeyOf } from './sectors.ts';

export type WriteLuks2Options = {
  /** The plaintext, in pieces of any length; whole sectors in sum. A hole is zeros here, and is encrypted like them. */
  readonly source: AsyncIterable<Uint8Array>;
  /** What the source must come to; a shorter or longer one is refused. */
  readonly sourceBytes?: number | undefined;
  /** The file to make. It must not be there. */
  readonly target: string;
  /** 64 bytes; its halves must differ. Zeroed by who made it. */
  readonly volumeKey: Uint8Array;
  /** What opens the keyslot: a passphrase, or the bytes of a key file. Zeroed by who read it. */
  readonly passphrase: Uint8Array;
  readonly argon2id: Argon2id;
  readonly argon2idBounds?: Argon2idBounds | undefined;
  readonly uuid: string;
  readonly label?: string | undefined;
  readonly sectorBytes?: 512 | 4096 | undefined;
  readonly random: RandomBytes;
  /** Told after each slice: bytes of plaintext encrypted so far. */
  readonly progress?: ((plainBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Writes a LUKS2 volume as a plain file, without root and without device-mapper, and answers with its header as the strict
 * reader reads it. The file is made beside its name, `.part`, its header last, synced and then renamed: a run that is ended
 * anywhere leaves nothing half made that opens. What this function derives of the keys is zeroed before it returns.
 * Refuses a target that is there, plaintext that is no whole number of sectors, and parameters its own reader would refuse.
 */
export const writeLuks2Volume = async (options: WriteLuks2Options): Promise<Luks2Header> => {
  wantVolumeKey(options.volumeKey);
  const volumeKey = Buffer.from(options.volumeKey);
  const part = `${options.target}.part`;
  try {
    const { header, area } = await sealed(options, volumeKey);
    const file = await openPart(part);
    try {
      try {
        await wantFree(options.target);
        const dataBytes = await encryptStream(file, layout.dataOffsetBytes, sectorKeyOf(volumeKey), options);
        const verdict = verdictOn(header, layout.dataOffsetBytes + dataBytes, options);
        await writeAll(file, area, layout.keyslotOffsetBytes);
        await file.sync();
        await writeAll(file, header, 0);
        await file.sync();
        await rename(part, options.target);
        await syncDirectory(options.target);
        return verdict;
      } finally {
        await file.close();
      }
    } catch (error) {
      await rm(part, { force: true });
      throw named(error, options);
    }
  } finally {
    volumeKey.fill(0);
  }
};

const wantVolumeKey = (key: Uint8Array): void => {
  const half = volumeKeyBytes / 2;
  const problem =
    key.length !== volumeKeyBytes
      ? `${key.length} bytes`
      : Buffer.compare(key.subarray(0, half), key.subarray(half)) === 0
        ? 'two equal halves'
        : null;
  if (problem === null) return;
  const wanted = `${volumeKeyBytes} bytes whose halves differ`;
  throw new LuksError('volume-key-form', `the volume key has ${problem}; XTS takes ${wanted}`, problem, wanted);
};

/** Header and keyslot. Read once for a device of one sector before hours of encrypting, which changes nothing but its length. */
const sealed = async (
  options: WriteLuks2Options,
  volumeKey: Buffer,
): Promise<{ readonly header: Buffer; readonly area: Buffer }> => {
  const { passphrase, argon2id, random, uuid, label = '', sectorBytes = 4096 } = options;
  const salt = random(limits.saltBytes);
  const digestSalt = random(limits.saltBytes);
  const value = await digestOf(volumeKey, digestSalt, digestIterations);
  const header = makeHeader({
    ...{ uuid, label, sectorBytes, random },
    kdf: { ...argon2id, salt },
    digest: { iterations: digestIterations, salt: digestSalt, value },
  });
  verdictOn(header, layout.dataOffsetBytes + sectorBytes, options);
  return { header, area: await sealKeyslot(volumeKey, passphrase, argon2id, salt, random) };
};

const verdictOn = (header: Buffer, deviceBytes: number, { argon2idBounds }: WriteLuks2Options): Luks2Header => {
  const verdict = parseLuks2Header(header, {
    ...{ deviceBytes, argon2id: argon2idBounds ?? defaultArgon2idBounds, integrity: 'none' },
  });
  if (verdict.ok) return verdict.header;
  const { code, message, observed, wanted } = verdict.refusal;
  throw new LuksError(code, message, observed, wanted);
};

const openPart = async (part: string): Promise<FileHandle> => {
  try {
    return await open(part, 'wx', 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    throw new LuksError(
      'target-busy',
      `${part} is there: another run is writing it, or one was killed`,
      'a file',
      'none; remove it when no other run goes on',
    );
  }
};

const wantFree = async (target: string): Promise<void> => {
  const found = await stat(target).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (found !== null)
    throw new LuksError('target-exists', `${target} is there already`, 'a file', 'a name that is free');
};

const syncDirectory = async (target: string): Promise<void> => {
  const directory = await open(dirname(target), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

const named = (error: unknown, { target, signal }: WriteLuks2Options): unknown => {
  if (signal?.aborted === true) {
    return new LuksError('stopped', `stopped; nothing of ${basename(target)} is left`, 'stopped', 'the whole volume');
  }
  if (errnoOf(error) !== 'ENOSPC') return error;
  return new LuksError(
    'disk-full',
    `no room is left in ${dirname(target)} for ${basename(target)}`,
    'no space',
    'as much as the plaintext and 1 MiB',
  );
};

const errnoOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
