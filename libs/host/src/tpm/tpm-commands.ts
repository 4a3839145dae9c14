import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError, isHostError } from '../errors.ts';
import { lastLines, run } from '../exec.ts';
import { tpmLimits } from './limits.ts';

export type TpmCommandsOptions = {
  /** The program `tpm2`, which has every tool as its first argument. */
  readonly tpm2: string;
  /** How the tools reach the TPM: `device:/dev/tpmrm0`, `swtpm:path=…`. */
  readonly tcti: string;
  /** Private: what a TPM gives out on its way to us lies here for a moment. */
  readonly workDir: string;
  /** Whether a resource manager frees what a tool leaves loaded; without one, three keys fill the TPM. */
  readonly managed: boolean;
  readonly server: TpmServer;
};

/** What answers there: a chip, which is always there, or a process, which may die at any moment. */
export type TpmServer = {
  /** Brings a software TPM back that has died; its registers are at their first values then. */
  ready(): Promise<void>;
  /** Whether it is there this moment. */
  isUp(): Promise<boolean>;
  /** Lives it has had, this one among them. */
  readonly starts: number;
};

/** One turn at the TPM: tools that hand each other files in a directory of their own. */
export type TpmTurn = {
  /** Runs a tool; what it says on stdout. Refuses with `tpm-refused`, in the TPM's words, and with `tpm-unreachable` when
   *  there is no TPM any more: what a TPM has not is told from what nobody answered. */
  readonly tpm2: (tool: string, ...args: readonly string[]) => Promise<string>;
  /** Frees the keys that the tools before this left loaded. */
  readonly flush: () => Promise<void>;
  readonly path: (name: string) => string;
  readonly read: (name: string) => Promise<Uint8Array>;
};

/** The tools of tpm2-tools over one TPM, one user at a time, in the order they were asked for. */
export class TpmCommands {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  readonly #options: TpmCommandsOptions;

  constructor(options: TpmCommandsOptions) {
    this.#options = options;
  }

  /**
   * Does `work` when everybody before has had their turn; once more from its beginning when the TPM died under it. With
   * `life`, a number of {@link TpmServer.starts}, only in that life and only once: what builds on registers that were
   * read means nothing to a TPM that began anew since, and refuses with `tpm-unreachable`. Refuses with `tpm-busy` when
   * too many wait.
   */
  async turn<T>(work: (turn: TpmTurn) => Promise<T>, life?: number): Promise<T> {
    if (this.#waiting >= tpmLimits.waitingMax) {
      const message = `${this.#waiting} commands wait for the TPM, at most ${tpmLimits.waitingMax} do: ask again later`;
      throw new HostError('tpm-busy', message, { waiting: this.#waiting });
    }
    this.#waiting += 1;
    const mine = this.#last
      .then(() => (life === undefined ? this.#inAnyLife(work) : this.#inLife(life, work)))
      .finally(() => {
        this.#waiting -= 1;
      });
    // Whoever comes next waits for the end, not for success.
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** Keys and counters outlive a TPM's process, and what it had loaded is in no turn but this: it may be done again. */
  async #inAnyLife<T>(work: (turn: TpmTurn) => Promise<T>): Promise<T> {
    const { server } = this.#options;
    await server.ready();
    try {
      return await this.#inOwnDir(work);
    } catch (error) {
      if (!isHostError(error, 'tpm-unreachable')) throw error;
      await server.ready();
      return this.#inOwnDir(work);
    }
  }

  async #inLife<T>(life: number, work: (turn: TpmTurn) => Promise<T>): Promise<T> {
    const { server, tcti } = this.#options;
    if (server.starts === life && (await server.isUp())) return this.#inOwnDir(work);
    const message = `the TPM at ${tcti} ended or began anew since its registers were read: read them again`;
    throw new HostError('tpm-unreachable', message, { life, starts: server.starts });
  }

  async #inOwnDir<T>(work: (turn: TpmTurn) => Promise<T>): Promise<T> {
    const dir = await mkdtemp(join(this.#options.workDir, 'turn-'));
    const path = (name: string): string => join(dir, name);
    const flush = async (): Promise<void> => {
      if (!this.#options.managed) await this.#run('flushcontext', ['-t'], dir);
    };
    try {
      return await work({
        tpm2: (tool, ...args) => this.#run(tool, args, dir),
        ...{ flush, path, read: (name) => readBounded(path(name)) },
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
      // A turn that failed halfway left what it had loaded; a TPM that is gone has nothing to free.
      await flush().catch(() => undefined);
    }
  }

  async #run(tool: string, args: readonly string[], cwd: string): Promise<string> {
    const { tpm2, tcti, server } = this.#options;
    try {
      const env = { PATH: process.env.PATH, LC_ALL: 'C', TPM2TOOLS_TCTI: tcti };
      const bounds = { timeoutMs: tpmLimits.commandTimeoutMs, outputBytesMax: tpmLimits.outputBytesMax };
      return (await run(tpm2, [tool, ...args], { cwd, env, ...bounds })).stdout;
    } catch (error) {
      if (!isHostError(error, 'command-failed')) throw error;
      const said = lastLines(String(error.facts.stderr ?? ''), 3);
      if (!(await server.isUp())) {
        throw new HostError('tpm-unreachable', `the TPM at ${tcti} ended at tpm2 ${tool}: ${said}`, { tool, said });
      }
      throw new HostError('tpm-refused', `the TPM at ${tcti} refused tpm2 ${tool}: ${said}`, { tool, said });
    }
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > tpmLimits.fileBytesMax) {
      throw new HostError('tpm-refused', `${path} has ${size} bytes, wanted at most ${tpmLimits.fileBytesMax}`, {
        size,
      });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}
