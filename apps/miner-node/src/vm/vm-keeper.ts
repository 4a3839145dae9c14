import type { DesiredSpec } from '#domain';
import type { VmMetrics } from '#events';
import { acceptSpec, type LocalVm, launchedBoot, newestKnown, nextStep, observe } from '../converge/index.ts';
import { failureOf } from '../failure.ts';
import { limits } from '../limits.ts';
import type { GuestSaid, Machine } from '../ports/hypervisor.ts';
import { stopCopy } from './copy-steps.ts';
import { accessOf, isNewAccess, newWord, tellGuest } from './guest-words.ts';
import { adoptMachine, factsOf, type Held, newHeld, type VmParts } from './held.ts';
import type { Keeper } from './keeper.ts';
import { meterVm } from './meter-vm.ts';
import { createSerial } from './serial.ts';
import { type Later, takeStep } from './take-step.ts';

/** Keeps one VM as the newest spec wants it. Everything that happens to it goes through one queue. */
export class VmKeeper implements Keeper {
  readonly #parts: VmParts;
  readonly #held: Held;
  readonly #queue = createSerial();
  readonly #whenDown: (() => void)[] = [];
  readonly #later: Later = {
    onStarted: (machine) => this.#attend(machine),
    onCopied: () => this.#enqueue(() => this.#converge()),
  };
  #alarm = new AbortController();
  #isReleased = false;
  /** False while a QEMU of ours may run and was not found yet: then nothing can be decided. */
  #isAdopted: boolean;

  /** A keeper for a VM with this record, or for one that is not here (yet, or any more). */
  constructor(vmId: string, vm: LocalVm | null, parts: VmParts) {
    this.#parts = parts;
    this.#held = newHeld(vmId, vm);
    this.#isAdopted = launchedBoot(vm) === null;
  }

  adopt(): Promise<void> {
    return this.#queue.run(async () => {
      await this.#converge();
      this.#tell();
    });
  }

  take(spec: DesiredSpec): Promise<void> {
    return this.#queue.run(() => this.#take(spec));
  }

  metrics(): Promise<VmMetrics> {
    return this.#queue.run(() => meterVm(this.#held, this.#parts));
  }

  isGone(): boolean {
    return this.#held.vm === null;
  }

  stopForHost(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenDown.push(resolve);
      this.#enqueue(async () => {
        this.#held.hostStopping = true;
        await this.#converge();
      });
    });
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    this.#alarm.abort();
    await this.#queue.idle();
    await stopCopy(this.#held);
    this.#held.machine?.release();
  }

  async #take(spec: DesiredSpec): Promise<void> {
    const held = this.#held;
    const { vmId, vm } = held;
    const verdict = acceptSpec(newestKnown(vm, held.fresh), spec);
    if (verdict === 'older') {
      const { generation, specRevision } = spec;
      return this.#parts.log('debug', 'older spec ignored', { vmId, generation, specRevision: `${specRevision}` });
    }
    if (verdict === 'newer' && (vm !== null || spec.desired !== 'absent')) {
      const next: LocalVm = vm === null ? { spec, sshPort: null, disk: null, boot: null } : { ...vm, spec };
      await this.#parts.dirs.save(next);
      held.vm = next;
      if (vm !== null && isNewAccess(vm.spec, spec)) tellGuest(held.machine, vm, spec, this.#parts.log);
    }
    held.fresh = spec;
    this.#tell('again');
    this.#enqueue(() => this.#converge());
  }

  async #converge(): Promise<void> {
    this.#alarm.abort();
    this.#alarm = new AbortController();
    if (this.#isReleased || (!this.#isAdopted && !(await this.#tryAdopt()))) return;
    const { clock, log } = this.#parts;
    const { vmId } = this.#held;
    for (let steps = 0; steps < limits.stepsMax; steps += 1) {
      const step = nextStep(this.#held.vm, this.#held.fresh, factsOf(this.#held, this.#parts));
      if (step.do === 'none') return this.#settled();
      if (step.do === 'wait') return this.#wakeIn(Math.max(0, step.until - clock.now()));
      try {
        await takeStep(step, this.#held, this.#parts, this.#later);
      } catch (error) {
        log('error', 'step failed, it is tried again', { vmId, step: step.do, ...failureOf(error, 'unknown') });
        return this.#wakeIn(limits.stepRetryMs);
      }
      this.#tell();
    }
    log('error', 'BUG: a VM does not settle', { vmId, stepsMax: limits.stepsMax });
    this.#wakeIn(limits.stepRetryMs);
  }

  #settled(): void {
    if (launchedBoot(this.#held.vm) !== null) return;
    for (const resolve of this.#whenDown.splice(0)) resolve();
  }

  /** Listens to a machine: what its guest says, and when it ends. */
  #attend(machine: Machine): void {
    const spec = this.#held.vm?.spec;
    const live = launchedBoot(this.#held.vm);
    if (spec === undefined || live === null) return;
    void machine.exited.then((exit) =>
      this.#enqueue(async () => {
        if (this.#held.machine !== machine) return;
        this.#held.machine = null;
        this.#held.exit = exit;
        await this.#converge();
      }),
    );
    machine.welcome(accessOf(spec, live), (said) => this.#enqueue(() => this.#hear(machine, said)));
  }

  async #hear(machine: Machine, said: GuestSaid): Promise<void> {
    const { dirs, clock, log } = this.#parts;
    const { vm, vmId } = this.#held;
    const live = launchedBoot(vm);
    if (this.#held.machine !== machine || vm === null || live === null) return;
    if (said.kind === 'misbehaved') return log('warn', 'the guest misbehaves', { vmId, reason: said.reason });
    const word = newWord(live, vm.spec, said);
    if (word === null) return;
    const next: LocalVm = { ...vm, boot: { ...live, ...word } };
    try {
      await dirs.save(next);
    } catch (error) {
      log('error', 'what the guest said is not on disk, it is tried again', { vmId, ...failureOf(error, 'unknown') });
      const again = () => this.#enqueue(() => this.#hear(machine, said));
      void clock.sleep(limits.stepRetryMs, this.#alarm.signal).then(again);
      return;
    }
    this.#held.vm = next;
    this.#tell();
    await this.#converge();
  }

  async #tryAdopt(): Promise<boolean> {
    const { hypervisor, log } = this.#parts;
    const held = this.#held;
    const { vmId } = held;
    try {
      held.machine = await adoptMachine(held, hypervisor);
    } catch (error) {
      log('error', 'a QEMU of ours does not answer, it is asked again', { vmId, ...failureOf(error, 'unknown') });
      this.#wakeIn(limits.stepRetryMs);
      return false;
    }
    this.#isAdopted = true;
    if (held.machine === null) {
      held.exit = await hypervisor.lastWords(vmId);
      return true;
    }
    log('info', 'QEMU re-adopted', { vmId, pid: held.machine.pid });
    this.#attend(held.machine);
    return true;
  }

  #tell(how: 'when-new' | 'again' = 'when-new'): void {
    const { vmId, vm, fresh } = this.#held;
    const observation = observe(vm, fresh, this.#parts.here);
    const fence = newestKnown(vm, fresh);
    if (observation !== null && fence !== null) this.#parts.reporter.say(vmId, fence, observation, how);
  }

  #wakeIn(ms: number): void {
    const mine = this.#alarm;
    void this.#parts.clock.sleep(ms, mine.signal).then(() => {
      if (!mine.signal.aborted) this.#enqueue(() => this.#converge());
    });
  }

  #enqueue(task: () => Promise<void>): void {
    const { vmId } = this.#held;
    this.#queue.run(task).catch((error: unknown) => {
      this.#parts.log('error', 'BUG: a task of a VM failed', { vmId, error });
    });
  }
}
