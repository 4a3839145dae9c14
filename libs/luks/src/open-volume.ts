import { Buffer } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { readUpTo } from './file-bytes.ts';
import { stripes, volumeKeyBytes } from './header/metadata.ts';
import { type HeaderVerdict, headerReadBytes, type Luks2Header, parseLuks2Header } from './header/parse-header.ts';
import { isVolumeKey, unsealKeyslot } from './keyslot.ts';
import { type Argon2idBounds, defaultArgon2idBounds, limits } from './limits.ts';
import { LuksError } from './luks-error.ts';
import { decryptSectors, type SectorKey, sectorKeyOf } from './sectors.ts';

/** A volume whose key is in this process. */
export type OpenLuks2Volume = {
  readonly header: Luks2Header;
  /** Decrypts a range of the data, as far as it goes: any offset, any length up to 64 MiB. Refuses a range outside. */
  readonly read: (offset: number, length: number) => Promise<Buffer>;
  /** All of the data in order. */
  readonly stream: () => AsyncIterable<Buffer>;
  /** Closes the file; nothing is read after it. OpenSSL cleanses the key once nothing refers to the volume. */
  readonly close: () => Promise<void>;
};

export type OpenLuks2Options = {
  readonly path: string;
  readonly passphrase: Uint8Array;
  readonly argon2idBounds?: Argon2idBounds | undefined;
};

/** What the strict reader says of the header of a file. */
export const inspectLuks2File = async (
  path: string,
  argon2idBounds: Argon2idBounds = defaultArgon2idBounds,
): Promise<HeaderVerdict> => {
  const file = await open(path, 'r');
  try {
    return await verdictOn(file, argon2idBounds);
  } finally {
    await file.close();
  }
};

/** Opens a volume in this process, without device-mapper. Refuses a header the strict reader refuses, and a wrong key. */
export const openLuks2Volume = async (options: OpenLuks2Options): Promise<OpenLuks2Volume> => {
  const file = await open(options.path, 'r');
  try {
    const verdict = await verdictOn(file, options.argon2idBounds ?? defaultArgon2idBounds);
    if (!verdict.ok) {
      const { code, message, observed, wanted } = verdict.refusal;
      throw new LuksError(code, message, observed, wanted);
    }
    return opened(file, verdict.header, await unlock(file, verdict.header, options.passphrase));
  } catch (error) {
    await file.close();
    throw error;
  }
};

const verdictOn = async (file: FileHandle, argon2id: Argon2idBounds): Promise<HeaderVerdict> => {
  const { size: deviceBytes } = await file.stat();
  return parseLuks2Header(await readUpTo(file, 0, headerReadBytes), {
    ...{ deviceBytes, argon2id },
    // The kernel's tags are for the kernel: this process reads volumes without.
    integrity: 'none',
  });
};

const unlock = async (
  file: FileHandle,
  { keyslot, digest }: Luks2Header,
  passphrase: Uint8Array,
): Promise<SectorKey> => {
  const area = await readUpTo(file, keyslot.offsetBytes, volumeKeyBytes * stripes);
  const salt = Buffer.from(keyslot.salt, 'base64');
  const volumeKey = await unsealKeyslot(area, passphrase, keyslot, salt);
  try {
    if (await isVolumeKey(volumeKey, digest)) return sectorKeyOf(volumeKey);
  } finally {
    volumeKey.fill(0);
  }
  throw new LuksError('key-wrong', 'this key does not open the keyslot', 'another key', 'the one it was made with');
};

const opened = (file: FileHandle, header: Luks2Header, volumeKey: SectorKey): OpenLuks2Volume => {
  const { dataBytes, dataOffsetBytes, sectorBytes } = header;
  const read = async (offset: number, length: number): Promise<Buffer> => {
    wantRange(offset, length, dataBytes);
    const from = offset - (offset % sectorBytes);
    const to = Math.ceil((offset + length) / sectorBytes) * sectorBytes;
    const encrypted = await readUpTo(file, dataOffsetBytes + from, to - from);
    const whole = encrypted.length - (encrypted.length % sectorBytes);
    const plain = Buffer.alloc(whole);
    decryptSectors(volumeKey, encrypted.subarray(0, whole), plain, from, sectorBytes);
    return plain.subarray(offset - from, offset - from + length);
  };
  async function* stream(): AsyncGenerator<Buffer> {
    for (let at = 0; at < dataBytes; at += limits.sliceBytes) {
      yield await read(at, Math.min(limits.sliceBytes, dataBytes - at));
    }
  }
  return { header, read, stream, close: () => file.close() };
};

const wantRange = (offset: number, length: number, dataBytes: number): void => {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (whole && offset >= 0 && length >= 0 && length <= limits.readBytesMax && offset + length <= dataBytes) return;
  throw new LuksError(
    'range-outside',
    `${length} bytes at ${offset} are not in the volume`,
    `${length} bytes at ${offset}`,
    `at most ${limits.readBytesMax} bytes at once, within ${dataBytes}`,
  );
};
