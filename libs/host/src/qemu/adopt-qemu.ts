import { z } from 'zod';
import type { Cgroups } from '../cgroup/open-cgroups.ts';
import { hasVmCgroup, type VmCgroup, vmCgroup } from '../cgroup/vm-cgroup.ts';
import { HostError } from '../errors.ts';
import { limits } from '../limits.ts';
import { letRun } from './let-run.ts';
import { findQemuProcess, killProcess } from './qemu-process.ts';
import { QmpClient } from './qmp-client.ts';
import type { RunningVm } from './running-vm.ts';

import type { VmFiles } from './vm-files.ts';

const uuidAnswer = z.object({ UUID: z.string() });
const statusAnswer = z.object({ status: z.string().max(64) });

/** Takes over the QEMU of a VM that an earlier agent started, or says undefined when it does not run.
 *  Refuses with `qmp-unreachable` when the process is there and does not answer, and with `qemu-not-ours` when what
 *  answers is another VM. A guest that the earlier agent had not let run yet is held to its limits and runs now. */
export async function adoptQemu(vmId: string, files: VmFiles, cgroups?: Cgroups): Promise<RunningVm | undefined> {
  const process = await findQemuProcess(vmId, files);
  if (process === undefined) return undefined;
  let qmp: QmpClient;
  try {
    qmp = await QmpClient.connect(files.qmpSocket, { timeoutMs: limits.qmpCommandTimeoutMs });
  } catch (error) {
    // It may have ended while we knocked.
    if ((await findQemuProcess(vmId, files)) === undefined) return undefined;
    throw error;
  }
  const observed = uuidAnswer.safeParse(await qmp.execute('query-uuid'));
  if (observed.success && observed.data.UUID === vmId) {
    const { status } = statusAnswer.parse(await qmp.execute('query-status'));
    const vm = { vmId, process, files, qmp, cgroup: await groupOf(vmId, cgroups) };
    return letRun(vm, status === 'prelaunch' ? 'from its start' : 'from now on');
  }
  qmp.close();
  const answered = observed.success ? observed.data.UUID : 'no uuid';
  throw new HostError(
    'qemu-not-ours',
    `the QEMU at ${files.qmpSocket} is ${answered}, wanted ${vmId}: look at process ${process.pid}`,
    {
      observed: answered,
      wanted: vmId,
      pid: process.pid,
    },
  );
}

async function groupOf(vmId: string, cgroups: Cgroups | undefined): Promise<VmCgroup | undefined> {
  const group = cgroups === undefined ? undefined : vmCgroup(cgroups, vmId);
  // Started while there were none: it runs on as it was started.
  return group !== undefined && (await hasVmCgroup(group)) ? group : undefined;
}

/** Ends the QEMU of a VM at once, without asking it, when it runs. For one that does not answer any more. */
export async function killQemu(vmId: string, files: VmFiles): Promise<'killed' | 'not-running'> {
  const process = await findQemuProcess(vmId, files);
  if (process === undefined) return 'not-running';
  await killProcess(process);
  return 'killed';
}
