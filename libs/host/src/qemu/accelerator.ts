import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { errnoOf } from '../errors.ts';

export type Accelerator = 'kvm' | 'tcg';

export type AcceleratorChoice = {
  readonly accelerator: Accelerator;
  /** One sentence for a person: what was seen, so what follows. */
  readonly reason: string;
};

/** How VMs run on this machine, found out and not guessed. */
export async function probeAccelerator(): Promise<AcceleratorChoice> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  return chooseAccelerator({ cpuinfo, kvm: await openKvm() });
}

/** KVM needs both the processor's virtualisation flag and a /dev/kvm that opens; else emulation. Pure.
 *  On some cloud hosts /dev/kvm opens although no ordinary kernel boots under it: there the flag is missing. */
export function chooseAccelerator(seen: {
  readonly cpuinfo: string;
  readonly kvm: 'opens' | string;
}): AcceleratorChoice {
  const flag = /^flags\s*:.*\b(vmx|svm)\b/m.exec(seen.cpuinfo)?.[1];
  if (flag !== undefined && seen.kvm === 'opens') {
    return { accelerator: 'kvm', reason: `KVM: /dev/kvm opens and the processor has ${flag}` };
  }
  const device = seen.kvm === 'opens' ? '/dev/kvm opens' : `/dev/kvm does not open (${seen.kvm})`;
  const processor = flag === undefined ? 'the processor shows neither vmx nor svm' : `the processor has ${flag}`;
  return { accelerator: 'tcg', reason: `emulation (TCG): ${device}, ${processor}` };
}

async function openKvm(): Promise<string> {
  try {
    const device = await open('/dev/kvm', constants.O_RDWR);
    await device.close();
    return 'opens';
  } catch (error) {
    return errnoOf(error) ?? 'unknown error';
  }
}
