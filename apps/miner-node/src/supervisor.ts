import type { DesiredSpec } from '#domain';
import type { ConsoleCall, ConsoleText, Handled, VmMetrics } from '#events';
import { failureOf } from './failure.ts';
import { limits } from './limits.ts';
import { CorruptKeeper } from './vm/corrupt-keeper.ts';
import type { VmParts } from './vm/held.ts';
import type { Keeper } from './vm/keeper.ts';
import { VmKeeper } from './vm/vm-keeper.ts';

/** All VMs of this host, each with its keeper. */
export class Supervisor {
  readonly #parts: VmParts;
  readonly #keepers = new Map<string, Keeper>();
  readonly #stopping = new AbortController();

  constructor(parts: VmParts) {
    this.#parts = parts;
  }

  /** Reads every VM's record and takes over what runs. One that cannot be read concerns nobody else. Starts nothing. */
  async start(): Promise<void> {
    const { dirs } = this.#parts;
    for (const vmId of await dirs.list()) {
      const loaded = await dirs.load(vmId);
      if (loaded.kind === 'found') this.#keepers.set(vmId, this.#keeperOf(vmId, loaded.vm));
      else if (loaded.kind === 'corrupt') {
        this.#keepers.set(vmId, new CorruptKeeper(vmId, loaded.detail, this.#parts));
      }
    }
    await Promise.all([...this.#keepers.values()].map((keeper) => keeper.adopt()));
    void this.#meter();
  }

  /** Takes one spec read from the bus. Acknowledged once it is on disk; a disk that refuses has it come again. */
  async take(spec: DesiredSpec): Promise<Handled> {
    const { log } = this.#parts;
    const { vmId } = spec;
    if (this.#stopping.signal.aborted) return { retryInMs: limits.stepRetryMs };
    const keeper = this.#keepers.get(vmId) ?? this.#keeperOf(vmId, null);
    this.#keepers.set(vmId, keeper);
    try {
      await keeper.take(spec);
    } catch (error) {
      log('error', 'spec not taken, it must come again', { vmId, ...failureOf(error, 'unknown') });
      return { retryInMs: limits.stepRetryMs };
    }
    if (spec.desired === 'absent') this.#forgetLater(vmId, keeper);
    return 'ack';
  }

  /** A part of a VM's console. Rejects for a VM this host does not hold. */
  async readConsole(call: ConsoleCall): Promise<ConsoleText> {
    this.#keeperHere(call.vmId);
    return this.#parts.dirs.readConsole(call);
  }

  /** What a VM has used until now. Rejects for a VM this host does not hold. */
  async metrics(vmId: string): Promise<VmMetrics> {
    return this.#keeperHere(vmId).metrics();
  }

  /** The host goes down: stops every VM, asking its guest first. False when one was still there at the limit. */
  async stopForHost(): Promise<boolean> {
    const limit = new AbortController();
    const all = Promise.all([...this.#keepers.values()].map((keeper) => keeper.stopForHost())).then(() => true);
    // Ending a QEMU that ignores everything needs a moment more than the guests get.
    const limitMs = limits.hostStopMs + limits.hostStopMarginMs;
    const tooLate = this.#parts.clock.sleep(limitMs, limit.signal).then(() => false);
    return await Promise.race([all, tooLate]).finally(() => limit.abort());
  }

  /** Lets go of every VM and leaves it as it is. */
  async release(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#keepers.values()].map((keeper) => keeper.release()));
  }

  #keeperHere(vmId: string): Keeper {
    const keeper = this.#keepers.get(vmId);
    if (keeper === undefined || keeper.isGone()) throw new Error(`VM ${vmId} is not on this host`);
    return keeper;
  }

  /** Writes every VM's counters down now and then, one VM after the other. */
  async #meter(): Promise<void> {
    const { clock, log } = this.#parts;
    const stopped = this.#stopping.signal;
    for (;;) {
      await clock.sleep(limits.meterIntervalMs, stopped);
      for (const [vmId, keeper] of [...this.#keepers]) {
        if (stopped.aborted) return;
        if (keeper.isGone()) continue;
        await keeper.metrics().catch((error: unknown) => {
          log('warn', 'counters not read, it is tried again', { vmId, reason: String(error) });
        });
      }
      if (stopped.aborted) return;
    }
  }

  #keeperOf(vmId: string, vm: ConstructorParameters<typeof VmKeeper>[1]): Keeper {
    return new VmKeeper(vmId, vm, this.#parts);
  }

  /** Memory grows with the VMs that are here, not with those that were. */
  #forgetLater(vmId: string, keeper: Keeper): void {
    void this.#parts.clock.sleep(limits.removedKeptMs, this.#stopping.signal).then(() => {
      if (this.#stopping.signal.aborted || this.#keepers.get(vmId) !== keeper || !keeper.isGone()) return;
      this.#keepers.delete(vmId);
      this.#parts.reporter.forget(vmId);
    });
  }
}
