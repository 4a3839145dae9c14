import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../errors.ts';
import { run } from '../exec.ts';
import { requireTool } from '../tools/find-tool.ts';

/** The firmware QEMU itself starts an ordinary machine in (SeaBIOS), looked for where this QEMU looks.
 *  Refuses with `tool-missing` when QEMU or the file is not there. */
export async function findSystemFirmware(qemuPath?: string): Promise<string> {
  const qemu = qemuPath ?? (await requireTool('qemu-system-x86_64'));
  const { stdout } = await run(qemu, ['-L', 'help']);
  const dirs = stdout.split('\n').filter((line) => line !== '');
  for (const dir of dirs) {
    const path = join(dir, fileName);
    if (await isThere(path)) return path;
  }
  throw new HostError('tool-missing', `${fileName} is in none of ${dirs.join(', ')}; install the package seabios`, {
    tool: fileName,
  });
}

const fileName = 'bios-256k.bin';

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
