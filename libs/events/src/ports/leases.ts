/** A time-boxed right to run relay, processes and timers. Its token rises with every holder; a stale holder is harmless because appends carry expected revisions. */
export type Leases = {
  /** The lease's token when this holder has it (taken or renewed), `null` when another holds it. */
  acquire(name: string, holder: string, ttlMs: number): Promise<bigint | null>;
  release(name: string, holder: string): Promise<void>;
};
