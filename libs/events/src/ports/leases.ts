/** A time-boxed right to run relay, processes and timers. Its token rises with every holder; a stale holder is harmless because appends carry expected revisions. */
export type Leases = {
  /**
   * The lease's token when this holder has it (taken or renewed), `null` when another holds it. A renewal in time keeps
   * the token; a lease that lapsed or was released gets a higher one, also for the same holder.
   */
  acquire(name: string, holder: string, ttlMs: number): Promise<bigint | null>;
  /** Gives it up before its time. Nothing happens when this holder does not have it. */
  release(name: string, holder: string): Promise<void>;
};
