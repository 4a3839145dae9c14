import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { HostError } from '../errors.ts';
import { limits } from '../limits.ts';

/** What a VM's launch consists of, by content: all that a launch digest is computed from. */
export type LaunchInputs = {
  readonly firmware: Uint8Array;
  /** Lower-case hex. */
  readonly kernelSha256: string;
  readonly initrdSha256: string;
  readonly commandLine: string;
  readonly vcpus: number;
  /** As `-cpu` has it. */
  readonly vcpuType: string;
};

/** The launch of a QEMU that runs: the files on its own command line, read from the kernel and not from what we meant to start. */
export async function readLaunchInputs(pid: number): Promise<LaunchInputs> {
  return launchInputsOf((await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0'));
}

/** The launch of an argument list; reads every byte of its files, once for as long as nobody writes to them. Refuses with `hardware-refused` a list that names none. */
export async function launchInputsOf(args: readonly string[]): Promise<LaunchInputs> {
  const after = (name: string): string => {
    const index = args.indexOf(name);
    const value = index < 0 ? undefined : args[index + 1];
    if (value !== undefined) return value;
    const message = `the command line of QEMU has no ${name}, wanted -bios, -kernel, -initrd, -append, -smp and -cpu`;
    throw new HostError('hardware-refused', message, { field: name });
  };
  return {
    firmware: await readFile(after('-bios')),
    kernelSha256: await sha256Of(after('-kernel')),
    initrdSha256: await sha256Of(after('-initrd')),
    commandLine: after('-append'),
    vcpus: Number(/^cpus=(\d+),/.exec(after('-smp'))?.[1] ?? Number.NaN),
    vcpuType: after('-cpu'),
  };
}

/** By path: what a file was when every byte of it had been read. Half a second of a boot otherwise, in which its guest runs. */
const known = new Map<string, { readonly stamp: string; readonly sha256: string }>();

async function sha256Of(path: string): Promise<string> {
  const stamp = await stampOf(path);
  const found = known.get(path);
  if (found?.stamp === stamp) return found.sha256;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) if (Buffer.isBuffer(chunk)) hash.update(chunk);
  const sha256 = hash.digest('hex');
  known.delete(path);
  // One that was written to while it was read is read again.
  if ((await stampOf(path)) === stamp) known.set(path, { stamp, sha256 });
  for (const [oldest] of known) if (known.size > limits.launchFilesKnownMax) known.delete(oldest);
  return sha256;
}

async function stampOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
