import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeFileSync } from 'node:fs';
import { type HeaderTerms, headerReadBytes } from '#luks';
import { type Commands, stopWith } from './commands.ts';
import { type SeenHead, seeHead, takeHead, type VolumeHead, type WhoseHead } from './header.ts';
import { limits } from './limits.ts';

/** In memory only; overwritten and removed as soon as it was used. */
export const headPath = '/run/hcc-volume-head';

/** Reads the first bytes of a device, each once: the header, and behind one in our form its keyslot. What else is there before
 *  the data is of no use to anybody. */
export const seeHeadOf = (device: string, whose: WhoseHead, terms: Omit<HeaderTerms, 'argon2id'>): SeenHead =>
  withFile(device, 'r', 0, (file) => {
    const header = readFrom(file, 0, headerReadBytes);
    const seen = seeHead(header, terms, whose);
    if (!seen.verdict.ok) return seen;
    const { offsetBytes, sizeBytes } = seen.verdict.header.keyslot;
    const end = Math.min(offsetBytes + sizeBytes, limits.headBytes);
    return { ...seen, bytes: Buffer.concat([header, readFrom(file, header.length, end)]).subarray(0, end) };
  });

/** The head of a device, in our form and with the pinned digest. Stops as {@link takeHead} does. */
export const readHeadOf = async (
  device: string,
  whose: WhoseHead,
  terms: Omit<HeaderTerms, 'argon2id'>,
  headerSha256: string,
): Promise<VolumeHead> => takeHead(seeHeadOf(device, whose, terms), headerSha256);

export type OpenByCopy = {
  readonly device: string;
  readonly head: Uint8Array;
  /** 64 bytes, which go in by standard input. Wiped by who has it. */
  readonly key: Uint8Array;
  /** What the opened device is called, below /dev/mapper. */
  readonly name: string;
  /** What the machine stops with when the key does not open it. */
  readonly code: string;
  readonly isReadOnly?: boolean;
  /** Where the copy is for as long as it is used: {@link headPath} but for specs. */
  readonly copyAt?: string;
};

/** Opens a LUKS2 device by a copy of its head in memory: what is on the device by then is not looked at again. */
export const openByCopy = (commands: Commands, of: OpenByCopy): Promise<void> => {
  const { device, head, key, name, code, isReadOnly, copyAt = headPath } = of;
  return withHeadFile(head, copyAt, async () => {
    const how = ['--type', 'luks2', '--header', copyAt, '--key-file', '-', '--keyfile-size', '64'];
    const args = ['open', ...(isReadOnly === true ? ['--readonly'] : []), ...how, device, name];
    await commands.run('cryptsetup', args, key).catch(stopWith(code));
    dropHeadFile(copyAt, head.length);
  });
};

/** Lets `use` find these bytes at a path where nothing is yet, in a file as long as the place for a head. */
export const withHeadFile = async (head: Uint8Array, at: string, use: () => Promise<void>): Promise<void> => {
  withFile(at, 'wx', 0o600, (file) => {
    writeFileSync(file, head);
    ftruncateSync(file, limits.headBytes);
  });
  await use();
};

/** What is at {@link headPath}; overwritten there and removed. */
export const takeHeadFile = (): Uint8Array => {
  try {
    return withFile(headPath, 'r', 0, (file) => readFrom(file, 0, limits.headBytes));
  } finally {
    dropHeadFile(headPath, limits.headBytes);
  }
};

const dropHeadFile = (at: string, bytes: number): void => {
  try {
    withFile(at, 'r+', 0, (file) => writeFileSync(file, new Uint8Array(bytes)));
  } finally {
    unlinkSync(at);
  }
};

const withFile = <T>(path: string, flags: string, mode: number, use: (file: number) => T): T => {
  const file = openSync(path, flags, mode);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
};

/** As many of these bytes as the file has. */
const readFrom = (file: number, from: number, to: number): Buffer => {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
};
