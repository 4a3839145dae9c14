import { constants } from 'node:fs/promises';
import { readIfThere } from '../cgroup/kernel-file.ts';
import { isHostError } from '../errors.ts';
import { run } from '../exec.ts';
import { readSnpCpu } from '../qemu/snp-cpu.ts';
import { findTool, type ToolPlaces } from '../tools/find-tool.ts';
import type { Check, Finding } from './check.ts';
import { unusable } from './kernel-checks.ts';

export type SnpCheckOptions = {
  readonly platform: 'none' | 'simulated' | 'sev-snp';
  readonly tools: ToolPlaces;
  readonly snpFirmware?: string | undefined;
};

/** What a host needs for SEV-SNP guests. On a host that does not want them, each is skipped and still says what is there. */
export function snpChecks({ platform, tools, snpFirmware }: SnpCheckOptions): readonly Check[] {
  const asWanted = (look: () => Promise<Finding>) => async (): Promise<Finding> => {
    const found = await look().catch((error: unknown): Finding => {
      if (!isHostError(error)) throw error;
      return { status: 'FAIL', observed: error.message, fix: 'modprobe cpuid, and run the agent as root' };
    });
    if (platform === 'sev-snp' || found.status === 'PASS') return found;
    return { status: 'SKIP', observed: `platform ${platform}; ${found.observed}` };
  };
  const check = (code: string, name: string, wanted: string, look: () => Promise<Finding>): Check => ({
    code,
    name,
    wanted,
    look: asWanted(look),
  });
  return [
    check('HCC-H030', 'SNP processor', 'flag sev_snp in /proc/cpuinfo', checkProcessor),
    check('HCC-H031', 'SNP in KVM', 'kvm_amd parameter sev_snp is Y', checkKvmAmd),
    check('HCC-H032', 'SNP device', '/dev/sev opens', checkDevice),
    check('HCC-H033', 'SNP in QEMU', 'a QEMU that knows sev-snp-guest (9.1 or newer)', () => checkQemu(tools)),
    check('HCC-H035', 'SNP C-bit', 'CPUID 0x8000001F can be read', checkCpuid),
    check('HCC-H034', 'SNP guest firmware', 'HCC_SNP_FIRMWARE names an OVMF.amdsev.fd', () =>
      checkFirmware(snpFirmware),
    ),
  ];
}

async function checkProcessor(): Promise<Finding> {
  const cpuinfo = (await readIfThere('/proc/cpuinfo')) ?? '';
  if (/^flags\s*:.*\bsev_snp\b/m.test(cpuinfo)) return { status: 'PASS', observed: 'sev_snp' };
  const fix = 'use an EPYC 7003 or newer, and turn SEV-SNP on in the firmware';
  return { status: 'FAIL', observed: 'no flag sev_snp', fix };
}

async function checkKvmAmd(): Promise<Finding> {
  const value = (await readIfThere('/sys/module/kvm_amd/parameters/sev_snp'))?.trim();
  if (value === 'Y' || value === '1') return { status: 'PASS', observed: value };
  const fix = 'run Linux 6.11 or newer on the host, load kvm_amd with sev_snp=1';
  return { status: 'FAIL', observed: value === undefined ? 'no such parameter' : `it is ${value}`, fix };
}

async function checkCpuid(): Promise<Finding> {
  const { cbitpos, reducedPhysBits } = await readSnpCpu();
  return { status: 'PASS', observed: `C-bit ${cbitpos}, ${reducedPhysBits} address bits less` };
}

async function checkDevice(): Promise<Finding> {
  const fault = await unusable('/dev/sev', constants.R_OK | constants.W_OK);
  if (fault === undefined) return { status: 'PASS', observed: '/dev/sev' };
  return { status: 'FAIL', observed: `/dev/sev: ${fault}`, fix: "load ccp, and let the agent's user open /dev/sev" };
}

async function checkQemu(tools: ToolPlaces): Promise<Finding> {
  const found = await findTool('qemu-system-x86_64', tools);
  if (found.kind === 'missing') return { status: 'FAIL', observed: 'no QEMU' };
  try {
    await run(found.path, ['-object', 'sev-snp-guest,help'], { timeoutMs: 10_000 });
    return { status: 'PASS', observed: `${found.path} knows it` };
  } catch (error) {
    if (!isHostError(error)) throw error;
    return {
      status: 'FAIL',
      observed: `${found.path} does not`,
      fix: 'install QEMU 9.1 or newer (Debian 13 has 10.0)',
    };
  }
}

async function checkFirmware(path: string | undefined): Promise<Finding> {
  const fix = 'build OVMF with -p OvmfPkg/AmdSev/AmdSevX64.dsc: kernel hashes need that build';
  if (path === undefined) return { status: 'FAIL', observed: 'not set', fix };
  const fault = await unusable(path, constants.R_OK);
  return fault === undefined
    ? { status: 'PASS', observed: path }
    : { status: 'FAIL', observed: `${path}: ${fault}`, fix };
}
