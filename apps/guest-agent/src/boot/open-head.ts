import { open, unlink } from 'node:fs/promises';
import type { HeaderTerms } from '#luks';
import { type Commands, stopWith } from './commands.ts';
import { writeAll } from './durable-file.ts';
import { readHead, type VolumeHead, type WhoseHead } from './header.ts';
import { limits } from './limits.ts';

/** In memory only; overwritten and removed as soon as it was used. */
export const headPath = '/run/hcc-volume-head';

/** Reads the first bytes of a device once, and takes them only in our form and with the pinned digest. */
export const readHeadOf = async (
  device: string,
  whose: WhoseHead,
  terms: Omit<HeaderTerms, 'argon2id'>,
  headerSha256: string,
): Promise<VolumeHead> => {
  const file = await open(device, 'r');
  try {
    const bytes = new Uint8Array(limits.headBytes);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return readHead(bytes.subarray(0, bytesRead), terms, headerSha256, whose);
  } finally {
    await file.close();
  }
};

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
    await dropHeadFile(copyAt);
  });
};

/** Lets `use` find these bytes at a path where nothing is yet. */
export const withHeadFile = async (head: Uint8Array, at: string, use: () => Promise<void>): Promise<void> => {
  const file = await open(at, 'wx', 0o600);
  try {
    await writeAll(file, head, 0);
  } finally {
    await file.close();
  }
  await use();
};

/** What is at {@link headPath}; overwritten there and removed. */
export const takeHeadFile = async (): Promise<Uint8Array> => {
  const bytes = new Uint8Array(limits.headBytes);
  const file = await open(headPath, 'r');
  try {
    await file.read(bytes, 0, bytes.length, 0);
  } finally {
    await file.close();
    await dropHeadFile(headPath);
  }
  return bytes;
};

const dropHeadFile = async (at: string): Promise<void> => {
  const file = await open(at, 'r+');
  try {
    await writeAll(file, new Uint8Array(limits.headBytes), 0);
  } finally {
    await file.close();
    await unlink(at);
  }
};
