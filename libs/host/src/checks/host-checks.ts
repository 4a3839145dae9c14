import { statfs } from 'node:fs/promises';
import { openCgroups } from '../cgroup/open-cgroups.ts';
import { limits } from '../limits.ts';
import { probeAccelerator } from '../qemu/accelerator.ts';
import { findTool, fixFor, type ToolPlaces } from '../tools/find-tool.ts';
import { showVersion } from '../tools/version.ts';
import type { Check, Finding } from './check.ts';
import { kernelChecks } from './kernel-checks.ts';
import { nearestExisting } from './nearest-existing.ts';
import { type NetworkPlaces, networkChecks } from './network-checks.ts';
import { sealedChecks } from './sealed-checks.ts';
import { snpChecks } from './snp-checks.ts';
import { swapChecks } from './swap-checks.ts';

/** What a host is checked for. */
export type HostCheckOptions = {
  /** The directory VMs live below; looked at as far as it is there. */
  readonly stateDir: string;
  readonly tools: ToolPlaces;
  /** What the host wants to be. What it needs only for a protection nobody wants is skipped, and said. */
  readonly platform: 'none' | 'simulated' | 'sev-snp';
  /** The firmware SEV-SNP guests are launched with, where one is set. */
  readonly snpFirmware?: string | undefined;
  readonly network: NetworkPlaces;
};

/** Everything a host must have to run VMs, and should have to run them well. Each check stands alone, and none leaves
 *  anything changed. */
export function hostChecks(options: HostCheckOptions): readonly Check[] {
  const { stateDir, tools } = options;
  return [
    { code: 'HCC-H001', name: 'accelerator', wanted: 'KVM', look: checkAccelerator },
    { code: 'HCC-H002', name: 'QEMU', wanted: 'qemu-system-x86_64 7.2 or newer', look: () => checkQemu(tools) },
    { code: 'HCC-H003', name: 'control groups', wanted: 'cpu, memory, io and pids', look: checkCgroups },
    {
      code: 'HCC-H004',
      name: 'disk space',
      wanted: `${mebibytes(limits.diskFreeBytesWanted)} or more`,
      look: () => checkDisk(stateDir),
    },
    ...kernelChecks(),
    ...sealedChecks(options),
    ...swapChecks(),
    ...networkChecks(options.network),
    ...snpChecks(options),
  ];
}

async function checkAccelerator(): Promise<Finding> {
  const { accelerator, reason } = await probeAccelerator();
  if (accelerator === 'kvm') return { status: 'PASS', observed: reason };
  const fix = 'VMs run all the same, many times slower; on a host with virtualisation, load kvm_amd or kvm_intel';
  return { status: 'WARN', observed: reason, fix };
}

async function checkQemu(places: ToolPlaces): Promise<Finding> {
  const found = await findTool('qemu-system-x86_64', places);
  if (found.kind === 'missing') {
    return { status: 'FAIL', observed: found.observed || 'none', fix: fixFor('qemu-system-x86_64') };
  }
  const version = found.version === undefined ? '' : ` ${showVersion(found.version)}`;
  return { status: 'PASS', observed: `${found.path}${version}` };
}

async function checkCgroups(): Promise<Finding> {
  const fix = 'run the agent as root, or as a systemd unit with Delegate=yes and DelegateSubgroup=agent';
  const instead = "VMs are held by QEMU's own disk throttle only";
  const found = await openCgroups();
  if (found.kind === 'refused') return { status: 'WARN', observed: `${instead}: ${found.reason}`, fix };
  const { version, bases } = found.cgroups;
  const observed = `version ${version}: ${[...bases.keys()].join(', ')}`;
  if (found.missing.length === 0) return { status: 'PASS', observed };
  return { status: 'WARN', observed: `${observed}; no ${found.missing.join(', ')}`, fix };
}

async function checkDisk(dir: string): Promise<Finding> {
  const there = await nearestExisting(dir);
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  const observed = `${mebibytes(free)} at ${there}`;
  if (free >= limits.diskFreeBytesWanted) return { status: 'PASS', observed };
  const status = free < limits.diskFreeBytesMin ? 'FAIL' : 'WARN';
  return { status, observed, fix: 'free some space, or give VMs a directory on another disk' };
}

function mebibytes(bytes: number): string {
  return bytes >= 1024 ** 3 ? `${(bytes / 1024 ** 3).toFixed(1)} GiB` : `${Math.floor(bytes / 1024 ** 2)} MiB`;
}
