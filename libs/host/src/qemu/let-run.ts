import { joinVmCgroup } from '../cgroup/vm-cgroup.ts';
import { recordConsole } from '../console/record-console.ts';
import { type RunningParts, type RunningVm, runningVm } from './running-vm.ts';

/** Holds a QEMU whose guest has not run yet to its limits, listens to its console, and lets the guest run. For a guest
 *  that runs already, only the console changes hands. */
export async function letRun(
  vm: Omit<RunningParts, 'recorder'>,
  listening: 'from its start' | 'from now on',
): Promise<RunningVm> {
  const { files, qmp, cgroup, process } = vm;
  if (cgroup !== undefined) await joinVmCgroup(cgroup, process.pid);
  const isLate = listening === 'from now on';
  const recorder = await recordConsole({ socketPath: files.serialSocket, logPath: files.serialLog, isLate });
  try {
    if (!isLate) await qmp.execute('cont');
    return runningVm({ ...vm, recorder });
  } catch (error) {
    recorder.stop();
    throw error;
  }
}
