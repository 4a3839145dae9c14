import { hash } from 'node:crypto';
import { guidBytes } from '../bytes/guid.ts';
import { pageBytes } from './page.ts';

/** A file, or its SHA-256 (lower-case hex) where the caller streamed it: an initrd can be larger than memory should be. */
export type HashedFile = Uint8Array | { readonly sha256: string };

/** What QEMU puts into memory about the kernel it was given: SHA-256 of each, lower-case hex. */
export interface KernelHashes {
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
}

const tableGuid = guidBytes('9438d606-4f22-4cc9-b479-a793d411fd21');
const entryGuids = {
  commandLine: guidBytes('97d02dd8-bd20-4c94-aa78-e7714d36ab2a'),
  initrd: guidBytes('44baf731-3a2f-4bd7-9af1-41e29169781d'),
  kernel: guidBytes('4de79437-abd2-427f-b835-d5b172d2045b'),
} as const;

const entryBytes = 50;
const tableBytes = 168;
/** The table is padded to sixteen bytes. */
export const hashTableBytes = 176;

/** The hashes of a direct boot. The command line is hashed with its NUL; no initrd counts as an empty one. */
export const kernelHashes = (
  kernel: HashedFile,
  initrd: HashedFile | undefined,
  commandLine: string,
): KernelHashes => ({
  kernel: sha256Of(kernel),
  initrd: sha256Of(initrd ?? new Uint8Array()),
  commandLine: hash('sha256', Buffer.from(`${commandLine}\0`, 'utf8'), 'hex'),
});

/** The page that holds the table at this offset: zeros around it. */
export const kernelHashesPage = (hashes: KernelHashes, offsetInPage: number): Uint8Array => {
  const page = Buffer.alloc(pageBytes);
  let at = offsetInPage;
  const put = (guid: Uint8Array, length: number): void => {
    page.set(guid, at);
    page.writeUInt16LE(length, at + 16);
    at += 18;
  };
  put(tableGuid, tableBytes);
  for (const name of ['commandLine', 'initrd', 'kernel'] as const) {
    put(entryGuids[name], entryBytes);
    page.write(hashes[name], at, 'hex');
    at += 32;
  }
  return page;
};

const sha256Of = (file: HashedFile): string =>
  file instanceof Uint8Array ? hash('sha256', file, 'hex') : file.sha256.toLowerCase();
