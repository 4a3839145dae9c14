import { open } from 'node:fs/promises';
import { errnoOf, HostError } from '../errors.ts';

/** How this host's processor marks encrypted memory, as CPUID function 0x8000001F tells it. */
export type SnpCpu = { readonly cbitpos: number; readonly reducedPhysBits: number };

/** Reads it from the kernel's cpuid device. Refuses with `hardware-refused` when that cannot be read, or names no SEV-SNP. */
export async function readSnpCpu(path = '/dev/cpu/0/cpuid'): Promise<SnpCpu> {
  const registers = Buffer.alloc(16);
  let bytesRead: number;
  try {
    const file = await open(path, 'r');
    // The device takes the function as the offset and answers EAX, EBX, ECX, EDX.
    ({ bytesRead } = await file.read(registers, 0, 16, sevFunction).finally(() => file.close()));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw refused(path, errno, 'a cpuid device that can be read: modprobe cpuid, as root');
  }
  if (bytesRead !== 16) throw refused(path, `${bytesRead} bytes`, '16 bytes');
  return parseSnpCpu(registers.readUInt32LE(0), registers.readUInt32LE(4));
}

/** What the registers say. Pure. Refuses a processor without SEV-SNP (EAX bit 4). */
export function parseSnpCpu(eax: number, ebx: number): SnpCpu {
  if ((eax & (1 << 4)) === 0) throw refused('CPUID 0x8000001F EAX', `0x${eax.toString(16)}`, 'bit 4, SEV-SNP');
  return { cbitpos: ebx & 0x3f, reducedPhysBits: (ebx >> 6) & 0x3f };
}

const sevFunction = 0x8000_001f;

function refused(what: string, observed: string, wanted: string): HostError {
  return new HostError('hardware-refused', `${what}: ${observed}, wanted ${wanted}`, { what, observed, wanted });
}
