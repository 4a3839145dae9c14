import { access, constants, readdir } from 'node:fs/promises';
import { readIfThere } from '../cgroup/kernel-file.ts';
import { errnoOf } from '../errors.ts';
import { run } from '../exec.ts';
import { limits } from '../limits.ts';
import type { Check, Finding } from './check.ts';

/** What the kernel says of a host: its memory, files, clock, entropy, and what attestation of the host stands on. */
export function kernelChecks(): readonly Check[] {
  return [
    { code: 'HCC-H005', name: 'memory', wanted: `${mib(limits.memoryFreeBytesWanted)} MiB or more`, look: checkMemory },
    { code: 'HCC-H006', name: 'open files', wanted: `${limits.openFilesWanted} or more`, look: checkOpenFiles },
    { code: 'HCC-H007', name: 'clock', wanted: 'kept by NTP', look: checkClock },
    { code: 'HCC-H008', name: 'entropy', wanted: `${limits.entropyBitsWanted} bits or more`, look: checkEntropy },
    { code: 'HCC-H009', name: 'user', wanted: 'a user of its own, with a delegated control group', look: checkUser },
    { code: 'HCC-H010', name: 'TPM', wanted: '/dev/tpmrm0 opens', look: checkTpm },
    { code: 'HCC-H011', name: 'IMA', wanted: 'a measurement list that can be read', look: checkIma },
    {
      code: 'HCC-H012',
      name: 'IOMMU',
      wanted: 'groups, so that a device reaches only its own memory',
      look: checkIommu,
    },
    { code: 'HCC-H013', name: 'huge pages', wanted: 'nothing: VMs do not use them', look: checkHugePages },
  ];
}

async function checkMemory(): Promise<Finding> {
  const [, kibibytes] = /^MemAvailable:\s+(\d+) kB$/m.exec((await readIfThere('/proc/meminfo')) ?? '') ?? [];
  const bytes = Number(kibibytes ?? 0) * 1024;
  const observed = `${mib(bytes)} MiB available`;
  if (bytes >= limits.memoryFreeBytesWanted) return { status: 'PASS', observed };
  return { status: 'WARN', observed, fix: 'end other programs, or run fewer or smaller VMs' };
}

async function checkOpenFiles(): Promise<Finding> {
  const text = (await readIfThere('/proc/self/limits')) ?? '';
  const soft = /^Max open files\s+(\S+)/m.exec(text)?.[1] ?? 'unknown';
  const enough = soft === 'unlimited' || Number(soft) >= limits.openFilesWanted;
  if (enough) return { status: 'PASS', observed: soft };
  return { status: 'WARN', observed: soft, fix: `ulimit -n ${limits.openFilesWanted}, or LimitNOFILE= in the unit` };
}

async function checkClock(): Promise<Finding> {
  try {
    const { stdout } = await run('timedatectl', ['show', '--property=NTPSynchronized'], { timeoutMs: 3_000 });
    const isKept = stdout.trim() === 'NTPSynchronized=yes';
    if (isKept) return { status: 'PASS', observed: 'kept by NTP, as systemd says' };
    return {
      status: 'WARN',
      observed: stdout.trim() || 'systemd does not say',
      fix: 'start systemd-timesyncd or chrony',
    };
  } catch {
    return { status: 'SKIP', observed: 'systemd does not answer here; HCC-H021 compares with the network' };
  }
}

async function checkEntropy(): Promise<Finding> {
  const text = (await readIfThere('/proc/sys/kernel/random/entropy_avail'))?.trim() ?? '';
  if (Number(text) >= limits.entropyBitsWanted) return { status: 'PASS', observed: `${text} bits` };
  return {
    status: 'WARN',
    observed: text === '' ? 'unknown' : `${text} bits`,
    fix: 'install rng-tools, or jitterentropy',
  };
}

async function checkUser(): Promise<Finding> {
  const uid = process.getuid?.();
  if (uid !== 0) return { status: 'PASS', observed: `user ${uid ?? 'unknown'}` };
  const fix = 'run it as its own user with access to /dev/kvm: what a guest breaks out into is that user';
  return { status: 'WARN', observed: 'root: QEMU runs as root too', fix };
}

async function checkTpm(): Promise<Finding> {
  const fault = await unusable('/dev/tpmrm0', constants.R_OK | constants.W_OK);
  if (fault === undefined) return { status: 'PASS', observed: '/dev/tpmrm0' };
  const fix = "turn the TPM on in the firmware, and put the agent's user into group tss";
  return { status: 'WARN', observed: `/dev/tpmrm0: ${fault}`, fix };
}

async function checkIma(): Promise<Finding> {
  const list = '/sys/kernel/security/ima/binary_runtime_measurements';
  const fault = await unusable(list, constants.R_OK);
  if (fault === undefined) return { status: 'PASS', observed: list };
  return { status: 'WARN', observed: `${list}: ${fault}`, fix: 'boot with ima_policy=tcb, and mount securityfs' };
}

async function checkIommu(): Promise<Finding> {
  const groups = await readdir('/sys/kernel/iommu_groups').catch(() => []);
  if (groups.length > 0) return { status: 'PASS', observed: `${groups.length} groups` };
  return {
    status: 'WARN',
    observed: 'no groups',
    fix: 'turn the IOMMU on in the firmware (AMD-Vi), boot with iommu=pt',
  };
}

async function checkHugePages(): Promise<Finding> {
  const total = /^HugePages_Total:\s+(\d+)$/m.exec((await readIfThere('/proc/meminfo')) ?? '')?.[1] ?? 'unknown';
  return { status: 'SKIP', observed: `${total} reserved, none used` };
}

/** Why a file cannot be used, as an error code; undefined when it can. */
export async function unusable(path: string, mode: number): Promise<string | undefined> {
  return access(path, mode).then(
    () => undefined,
    (error: unknown) => errnoOf(error) ?? String(error),
  );
}

function mib(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2);
}
