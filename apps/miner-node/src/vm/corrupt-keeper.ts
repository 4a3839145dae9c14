import type { BackupOutcome, DesiredSpec, VmObservation } from '#domain';
import { acceptSpec } from '../converge/index.ts';
import type { VmParts } from './held.ts';
import type { Keeper } from './keeper.ts';
import { createSerial } from './serial.ts';

/** Looks after a VM whose record cannot be read: says so, touches nothing, and only removes it when that is wanted.
 *  The disk may be whole, so nothing is made anew over it, and a QEMU that runs goes on. */
export class CorruptKeeper implements Keeper {
  readonly #vmId: string;
  readonly #detail: string;
  readonly #parts: VmParts;
  readonly #queue = createSerial();
  #newest: DesiredSpec | null = null;
  #isGone = false;

  constructor(vmId: string, detail: string, parts: VmParts) {
    this.#vmId = vmId;
    this.#detail = detail;
    this.#parts = parts;
  }

  async adopt(): Promise<void> {
    this.#parts.log('error', 'a VM record cannot be read', { vmId: this.#vmId, reason: this.#detail });
  }

  take(spec: DesiredSpec): Promise<void> {
    return this.#queue.run(async () => {
      if (acceptSpec(this.#newest, spec) === 'older') return;
      this.#newest = spec;
      if (spec.desired === 'absent') await this.#remove();
      this.#tell(spec);
    });
  }

  async metrics(): Promise<never> {
    throw new Error(this.#detail);
  }

  isGone(): boolean {
    return this.#isGone;
  }

  async stopForHost(): Promise<void> {
    // Without a record nobody could say later why it stopped; the host's own shutdown ends it.
  }

  release(): Promise<void> {
    return this.#queue.idle();
  }

  async #remove(): Promise<void> {
    await this.#parts.hypervisor.kill(this.#vmId);
    await this.#parts.dirs.remove(this.#vmId);
    this.#isGone = true;
  }

  #tell(spec: DesiredSpec): void {
    const observation = this.#isGone ? ({ phase: 'absent' } as const) : failed(spec, this.#detail);
    this.#parts.reporter.say(this.#vmId, spec, observation, 'again');
  }
}

const failed = ({ boot, backup }: DesiredSpec, detail: string): VmObservation => {
  const reason = { code: 'vm-record-corrupt', detail };
  const outcome: BackupOutcome | null =
    backup === undefined ? null : { backupId: backup.backupId, outcome: 'failed', ...reason };
  return { phase: 'failed', bootId: boot?.bootId ?? null, ...reason, ...(outcome !== null && { backup: outcome }) };
};
