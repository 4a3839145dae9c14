import type { DesiredSpec, SshEndpoint, VmObservation } from '#domain';
import { limits } from '../limits.ts';
import type { LocalVm } from './local-vm.ts';

/** What to say of a VM: the whole of it, about the boot it is about. `null` when there is nothing to say yet. Pure.
 *  `sshHost` is the address at which the owner reaches this host; `agentEpoch` that of this life of the agent. */
export const observe = (
  vm: LocalVm | null,
  spec: DesiredSpec | null,
  here: { readonly sshHost: string; readonly agentEpoch: number },
): VmObservation | null => {
  if (vm === null) return spec?.desired === 'absent' ? { phase: 'absent' } : null;
  const { boot } = vm;
  const backup = vm.backup !== undefined && vm.backup.backupId === spec?.backup?.backupId ? { backup: vm.backup } : {};
  if (boot === null) {
    return spec?.desired === 'stopped'
      ? { phase: 'stopped', bootId: null, cause: 'requested', detail: 'never started on this host', ...backup }
      : null;
  }
  const { bootId } = boot;
  if (boot.state === 'failed') {
    return { phase: 'failed', bootId, code: boot.code, detail: bounded(boot.detail), ...backup };
  }
  if (boot.state === 'ended') {
    // An announced exit is found again by the next life of the agent, and only that finding makes the next boot.
    const isFound = boot.cause === 'host-shutdown' && boot.agentEpoch !== here.agentEpoch;
    const cause = isFound ? 'host-reboot' : boot.cause;
    return { phase: 'stopped', bootId, cause, detail: bounded(boot.detail), ...backup };
  }
  const endpoint: SshEndpoint | null = vm.sshPort === null ? null : { host: here.sshHost, port: vm.sshPort };
  return boot.sshHostKey === null || endpoint === null
    ? { phase: 'starting', bootId }
    : {
        ...{ phase: 'running', bootId, endpoint, sshHostKey: boot.sshHostKey },
        ...(boot.keysVersion === undefined ? {} : { keysVersion: boot.keysVersion }),
      };
};

const bounded = (detail: string): string =>
  detail.length <= limits.detailCharactersMax ? detail : `${detail.slice(0, limits.detailCharactersMax - 1)}…`;
