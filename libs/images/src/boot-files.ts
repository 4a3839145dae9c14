import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '#host';
import type { GuestFile } from './guest-files.ts';
import { buildInitramfs } from './initramfs.ts';
import type { Kernel } from './kernel.ts';
import { imageFileNames } from './manifest.ts';
import { readMember } from './tree.ts';

/** Writes what QEMU starts an image of ours with: the kernel, and the first RAM disk with its drivers. */
export async function writeBootFiles(
  out: string,
  {
    root,
    kernel,
    guestFiles,
    report,
  }: {
    readonly root: string;
    readonly kernel: Kernel;
    readonly guestFiles: readonly GuestFile[];
    readonly report: Report;
  },
): Promise<void> {
  report({
    step: 'image',
    detail: `kernel ${kernel.release}: packing the first RAM disk with ${kernel.modules.length} drivers`,
  });
  await writeFile(join(out, imageFileNames.kernel), kernel.image);
  const busybox = await readMember(root, 'bin/busybox');
  await writeFile(join(out, imageFileNames.initrd), buildInitramfs(busybox, kernel, guestFiles));
}
