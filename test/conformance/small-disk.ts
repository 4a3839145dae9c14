import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/** A file system of so many KiB that a test may fill, gone with the test; `null` where we may not make one. */
export const smallDisk = async (kibibytes: number): Promise<string | null> => {
  const directory = await mkdtemp(join(tmpdir(), 'hcc-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'hcc-test', directory]);
  } catch {
    await rm(directory, { recursive: true });
    return null;
  }
  onTestFinished(async () => {
    await run('umount', ['--lazy', directory]);
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
};
