import { z } from 'zod';
import { HostError } from '../errors.ts';
import { limits } from '../limits.ts';
import { findQemuProcess, killProcess } from './qemu-process.ts';
import { QmpClient } from './qmp-client.ts';
import { type RunningVm, runningVm } from './running-vm.ts';
import type { VmFiles } from './vm-files.ts';

const uuidAnswer = z.object({ UUID: z.string() });

/** Takes over the QEMU of a VM that an earlier agent started, or says undefined when it does not run.
 *  Refuses with `qmp-unreachable` when the process is there and does not answer, and with `qemu-not-ours` when what
 *  answers is another VM. */
export async function adoptQemu(vmId: string, files: VmFiles): Promise<RunningVm | undefined> {
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
  if (observed.success && observed.data.UUID === vmId) return runningVm(vmId, process, files, qmp);
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

/** Ends the QEMU of a VM at once, without asking it, when it runs. For one that does not answer any more. */
export async function killQemu(vmId: string, files: VmFiles): Promise<'killed' | 'not-running'> {
  const process = await findQemuProcess(vmId, files);
  if (process === undefined) return 'not-running';
  await killProcess(process);
  return 'killed';
}
