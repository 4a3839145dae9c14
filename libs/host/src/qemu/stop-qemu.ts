import { isHostError } from '../errors.ts';
import { limits } from '../limits.ts';
import { killProcess } from './qemu-process.ts';
import type { QemuExit, RunningVm } from './running-vm.ts';

/** Which of the three means ended the VM. Only `acpi` left the guest time to finish. */
export type StopOutcome = { readonly how: 'acpi' | 'quit' | 'killed'; readonly exit: QemuExit };

/** Stops a VM and promises that its process is gone: the power button until `powerdownMs` have passed, then QEMU's own
 *  quit, and SIGKILL when that takes longer than `quitMs`. The button is pressed again and again, because a guest that
 *  is still booting hears only later presses. */
export async function stopQemu(
  vm: RunningVm,
  options: { readonly powerdownMs: number; readonly quitMs?: number },
): Promise<StopOutcome> {
  const press = (): void => tell(vm, 'system_powerdown');
  if (options.powerdownMs > 0) {
    press();
    const again = setInterval(press, limits.powerButtonEveryMs);
    const exit = await within(vm.exited, options.powerdownMs).finally(() => clearInterval(again));
    if (exit !== undefined) return { how: 'acpi', exit };
  }
  tell(vm, 'quit');
  const exit = await within(vm.exited, options.quitMs ?? limits.qemuQuitMs);
  if (exit !== undefined) return { how: 'quit', exit };
  await killProcess(vm.process);
  // A killed process closes its sockets; if its monitor had been lost before, closing ours starts the watch.
  vm.qmp.close();
  return { how: 'killed', exit: await vm.exited };
}

/** Sends a command whose answer does not matter: what matters is whether the process ends. */
function tell(vm: RunningVm, command: 'system_powerdown' | 'quit'): void {
  vm.qmp.execute(command).catch((error: unknown) => {
    if (!isHostError(error)) throw error;
  });
}

function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
