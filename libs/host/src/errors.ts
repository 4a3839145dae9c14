/** Every way the host layer can say no. The set is closed so that callers can switch on it. */
export type HostErrorCode =
  | 'command-not-found'
  | 'command-failed'
  | 'command-timed-out'
  | 'command-aborted'
  | 'command-output-too-large'
  | 'tool-missing'
  | 'tool-install-failed'
  | 'package-not-found'
  | 'runtime-dir-unsafe'
  | 'lock-timed-out'
  | 'hardware-refused'
  | 'port-in-use'
  | 'qemu-already-running'
  | 'qemu-died-at-start'
  | 'qemu-not-ours'
  | 'qmp-unreachable'
  | 'qmp-refused'
  | 'qmp-timed-out'
  | 'qmp-closed'
  | 'disk-refused'
  | 'disk-space-short'
  | 'guest-access-refused'
  | 'cgroup-refused'
  | 'vm-gone'
  | 'console-unreachable'
  | 'kernel-file-unreadable'
  | 'tpm-unreachable'
  | 'tpm-refused'
  | 'tpm-busy'
  | 'ima-list-refused';

export type HostErrorFacts = Readonly<Record<string, string | number | readonly string[]>>;

/** A failure of the machine we run on. The message names the thing, what was observed, what was wanted and the fix. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  readonly facts: HostErrorFacts;

  constructor(code: HostErrorCode, message: string, facts: HostErrorFacts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

/** True when `error` is a HostError, of the given code when one is given. */
export function isHostError(error: unknown, code?: HostErrorCode): error is HostError {
  return error instanceof HostError && (code === undefined || error.code === code);
}

/** The `code` of a Node system error (`ENOENT`, `EADDRINUSE`), or undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
