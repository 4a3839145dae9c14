import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ensurePrivateDir } from '../dirs.ts';
import { errnoOf, HostError } from '../errors.ts';
import { lastLines } from '../exec.ts';
import { limits } from '../limits.ts';
import { requireTool, type ToolPlaces } from '../tools/find-tool.ts';
import { tpmLimits } from './limits.ts';
import type { SwtpmFiles } from './swtpm-state.ts';
import type { TpmServer } from './tpm-commands.ts';

/**
 * A software TPM that lives as long as its owner. It ends when the owner ends, however that happens, because a TPM without
 * one would go on holding registers that nobody extends; its next start is a reset that the counts of every quote show.
 */
export class Swtpm implements TpmServer {
  #child: ChildProcess | undefined;
  #log = '';
  #starts = 0;
  readonly socket: string;
  readonly #files: SwtpmFiles;
  readonly #places: ToolPlaces;

  constructor(files: SwtpmFiles, socketDir: string, places: ToolPlaces) {
    this.#files = files;
    this.#places = places;
    this.socket = join(socketDir, 'tpm');
    if (Buffer.byteLength(`${this.socket}.ctrl`) > limits.socketPathBytesMax) {
      const message = `${this.socket}.ctrl is longer than the ${limits.socketPathBytesMax} bytes Linux takes: use a shorter folder`;
      throw new HostError('tpm-unreachable', message, { socket: this.socket });
    }
  }

  /** Times it was started here. The registers are at their first values after each. */
  get starts(): number {
    return this.#starts;
  }

  /** Asks the kernel, which takes a dying process's sockets from it before we are told of its end. */
  async isUp(): Promise<boolean> {
    return this.#isRunning() && (await listens(this.socket));
  }

  /** Starts it, or nothing when it runs. Refuses with `tpm-unreachable`, in swtpm's words. */
  async ready(): Promise<void> {
    if (await this.isUp()) return;
    // What is left of the one before has the memory open that the next one needs.
    await this.stop();
    await ensurePrivateDir(join(this.socket, '..'));
    for (const path of [this.socket, `${this.socket}.ctrl`]) await rm(path, { force: true });
    const child = await this.#spawn();
    this.#child = child;
    const deadline = AbortSignal.timeout(tpmLimits.startTimeoutMs);
    while (!(await listens(this.socket))) {
      if (!this.#isRunning() || deadline.aborted) {
        child.kill('SIGKILL');
        throw new HostError('tpm-unreachable', `swtpm did not start: ${lastLines(this.#log) || 'it said nothing'}`, {
          socket: this.socket,
        });
      }
      await pause(limits.pollMs);
    }
    this.#starts += 1;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || hasEnded(child)) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), tpmLimits.stopTimeoutMs);
    await ended;
    clearTimeout(timer);
  }

  #isRunning(): boolean {
    return this.#child !== undefined && !hasEnded(this.#child);
  }

  /** setpriv asks the kernel to end it with us; a session of its own keeps a terminal's Ctrl-C from it, which is ours to handle. */
  async #spawn(): Promise<ChildProcess> {
    const [swtpm, setpriv] = [await requireTool('swtpm', this.#places), await requireTool('setpriv', this.#places)];
    const args = [
      ...['--pdeathsig', 'TERM', '--', swtpm, 'socket', '--tpm2', '--tpmstate', `dir=${this.#files.stateDir}`],
      ...['--server', `type=unixio,path=${this.socket}`, '--ctrl', `type=unixio,path=${this.socket}.ctrl`],
      ...['--flags', 'not-need-init,startup-clear'],
    ];
    const child = spawn(setpriv, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, cwd: this.#files.dir });
    this.#log = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-tpmLimits.logBytesMax);
    });
    child.once('error', (error) => {
      this.#log += error.message;
    });
    child.unref();
    return child;
  }
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

function listens(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    // Any other error is one of a listener: a queue that is full, say.
    connection.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '')));
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
  });
}
