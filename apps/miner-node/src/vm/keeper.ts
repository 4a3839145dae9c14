import type { DesiredSpec } from '#domain';
import type { VmMetrics } from '#events';

/** Whoever looks after one VM on this host. */
export type Keeper = {
  /** Takes over a QEMU that an earlier agent left, and says what is. Before anything else. */
  adopt(): Promise<void>;
  /** Resolves once the spec is safe; what follows from it comes after. Rejects when the disk refuses. */
  take(spec: DesiredSpec): Promise<void>;
  /** What the VM has used until now, and on disk before it is told. Rejects when that cannot be known. */
  metrics(): Promise<VmMetrics>;
  /** Whether nothing of the VM is on this host. */
  isGone(): boolean;
  /** The host goes down: starts nothing any more, stops the VM, resolves when it is down. */
  stopForHost(): Promise<void>;
  /** Lets go of the VM and leaves it as it is. */
  release(): Promise<void>;
};
