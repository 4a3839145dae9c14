import { isDeepStrictEqual } from 'node:util';
import type { HostCheck, VmObservation } from '#domain';
import type { Log } from '#edge';
import type { Clock, HostReport, MinerBus, VmReport } from '#events';
import type { Fence } from './converge/index.ts';
import { limits } from './limits.ts';

type Said = { readonly fence: Fence; readonly observation: VmObservation; readonly text: string };

export type ReportBus = Pick<MinerBus, 'report' | 'reportHost'>;

export type ReporterParts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly host: HostReport;
};

/** Carries what is observed to the bus: at once when it changes, whole every now and then, and until the bus takes it.
 *  One sender for all VMs, so that sequences rise in the order in which the bus gets them. */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #said = new Map<string, Said>();
  /** VMs whose newest word was not taken yet: only the newest counts, so this never holds more than there are VMs. */
  readonly #unsent = new Set<string>();
  /** The checks of the host by code, as each came out last. */
  readonly #checks: Map<string, HostCheck>;
  readonly #stopping = new AbortController();
  readonly #drained = new Set<() => void>();
  #isHostUnsent = true;
  #isSending = false;
  #sequence = 0;
  #nap = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#checks = new Map(parts.host.checks?.map((check) => [check.code, check]));
  }

  /** Keeps what is true of a VM now, and sends it when it is new. `again` sends it in any case: a spec that comes twice
   *  is answered twice. */
  say(vmId: string, fence: Fence, observation: VmObservation, how: 'when-new' | 'again' = 'when-new'): void {
    const text = JSON.stringify([fence.generation, `${fence.specRevision}`, observation]);
    if (how === 'when-new' && this.#said.get(vmId)?.text === text) return;
    this.#said.set(vmId, { fence, observation, text });
    this.#unsent.add(vmId);
    this.#nap.abort();
  }

  /** Reports how a check of the host stands now, instead of what was said of it before. */
  sayCheck(check: HostCheck): void {
    if (isDeepStrictEqual(this.#checks.get(check.code), check)) return;
    this.#checks.set(check.code, check);
    this.#isHostUnsent = true;
    this.#nap.abort();
  }

  /** Says nothing more of a VM. */
  forget(vmId: string): void {
    this.#said.delete(vmId);
    this.#unsent.delete(vmId);
  }

  /** Sends what was said so far, and from now on. */
  start(bus: ReportBus): void {
    this.#running = this.#loop(bus);
  }

  /** Waits until everything said was taken, at most `flushMs`; false when something was not. */
  async flush(): Promise<boolean> {
    if (this.#isAllTaken()) return true;
    const limit = new AbortController();
    const taken = new Promise<boolean>((resolve) => this.#drained.add(() => resolve(true)));
    const tooLate = this.#parts.clock.sleep(limits.flushMs, limit.signal).then(() => false);
    this.#nap.abort();
    return await Promise.race([taken, tooLate]).finally(() => limit.abort());
  }

  /** Sends nothing more. One that is on its way is not waited for: closing the bus ends it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (!this.#isSending) await this.#running;
  }

  #isAllTaken(): boolean {
    return this.#unsent.size === 0 && !this.#isHostUnsent && !this.#isSending;
  }

  async #loop(bus: ReportBus): Promise<void> {
    const { clock } = this.#parts;
    const stopped = this.#stopping.signal;
    let wholeAt = clock.now() + limits.reportIntervalMs;
    while (!stopped.aborted) {
      this.#nap = new AbortController();
      const isTaken = await this.#drain(bus);
      if (stopped.aborted) return;
      // What is said after a failure waits for the retry: a bus that is away is not asked once per word.
      if (!isTaken) await clock.sleep(limits.reportRetryMs, stopped);
      else if (this.#isAllTaken()) {
        await clock.sleep(Math.max(0, wholeAt - clock.now()), AbortSignal.any([this.#nap.signal, stopped]));
      }
      if (clock.now() < wholeAt) continue;
      for (const vmId of this.#said.keys()) this.#unsent.add(vmId);
      this.#isHostUnsent = true;
      wholeAt = clock.now() + limits.reportIntervalMs;
    }
  }

  async #drain(bus: ReportBus): Promise<boolean> {
    const { log } = this.#parts;
    this.#isSending = true;
    try {
      if (this.#isHostUnsent) {
        // Taken off first: a check that is said while this one is on its way must be sent too.
        this.#isHostUnsent = false;
        await bus.reportHost(this.#hostReport());
      }
      for (let [vmId] = this.#unsent; vmId !== undefined; [vmId] = this.#unsent) await this.#send(vmId, bus);
    } catch (error) {
      this.#isHostUnsent = true;
      log('warn', 'report not taken, it will be sent again', { reason: String(error), unsent: this.#unsent.size });
      return false;
    } finally {
      this.#isSending = false;
    }
    for (const resolve of this.#drained) resolve();
    this.#drained.clear();
    return true;
  }

  #hostReport(): HostReport {
    const { host } = this.#parts;
    return this.#checks.size === 0 ? host : { ...host, checks: [...this.#checks.values()] };
  }

  async #send(vmId: string, bus: ReportBus): Promise<void> {
    const { host } = this.#parts;
    const newest = this.#said.get(vmId);
    // Taken off first: what is said while this one is on its way must be sent too.
    this.#unsent.delete(vmId);
    if (newest === undefined) return;
    this.#sequence += 1;
    const report: VmReport = {
      vmId,
      generation: newest.fence.generation,
      specRevision: newest.fence.specRevision,
      agentEpoch: host.agentEpoch,
      sequence: this.#sequence,
      observation: newest.observation,
    };
    try {
      await bus.report(report);
    } catch (error) {
      if (this.#said.has(vmId)) this.#unsent.add(vmId);
      throw error;
    }
  }
}
