import type { Clock } from '#events';
import type { SystemVm } from '#host';
import { AttestError } from './attest-error.ts';

/** The VM's process and whatever must end with it, once and for one reason. */
export class Life {
  readonly ended: Promise<Error>;
  readonly #vm: SystemVm;
  readonly #atEnd: ((reason: Error) => void)[] = [];
  readonly #settle: (reason: Error) => void;
  #reason: Error | null = null;

  constructor(vm: SystemVm) {
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.ended = promise;
    this.#settle = resolve;
    this.#vm = vm;
    void vm.exited.then((said) =>
      this.end(new AttestError('hccam-ended', `HCCAM ended by itself; it said last: ${said || 'nothing'}`)),
    );
  }

  atEnd(task: (reason: Error) => void): void {
    if (this.#reason === null) this.#atEnd.push(task);
    else task(this.#reason);
  }

  async end(reason: Error): Promise<void> {
    if (this.#reason === null) {
      this.#reason = reason;
      for (const task of this.#atEnd.splice(0)) task(reason);
      this.#settle(reason);
    }
    await this.#vm.kill();
  }

  async within<T>(work: Promise<T>, limitMs: number, clock: Clock, late: string): Promise<T> {
    const done = new AbortController();
    const tooLate = clock.sleep(limitMs, done.signal).then(async () => {
      if (done.signal.aborted) return await new Promise<never>(() => undefined);
      const error = new AttestError('hccam-silent', `${late} within ${limitMs / 1_000} s`);
      await this.end(error);
      throw error;
    });
    return await Promise.race([work, tooLate]).finally(() => done.abort());
  }
}
