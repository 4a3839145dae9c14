import { spawn } from 'node:child_process';
import { errnoOf, HostError } from './errors.ts';
import { limits } from './limits.ts';

export type RunOptions = {
  readonly cwd?: string;
  /** The child's whole environment; the parent's when left out. */
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  readonly outputBytesMax?: number;
  /** Written to the child's stdin, which is closed after it. */
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Ends the child's own children with it: for one that waits for them before it hears that it should end. */
  readonly ownGroup?: boolean;
  /** How long a child that was told to end may take, for one that has something to clean up. */
  readonly killGraceMs?: number;
  /** Each piece of what the child says on stderr, as it comes: progress of a long run. */
  readonly onStderr?: (text: string) => void;
};

export type RunResult = { readonly stdout: string; readonly stderr: string };

/** Runs a program with an argument array, never a shell, and promises its output once it exited 0.
 *  Refuses with a HostError that names the command, the exit code and the last lines of stderr. stderr is kept as a bounded tail. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const timeoutMs = options.timeoutMs ?? limits.commandTimeoutMs;
  const outputBytesMax = options.outputBytesMax ?? limits.commandOutputBytesMax;
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) return reject(aborted(command));
    const { cwd, env = process.env, ownGroup = false } = options;
    const child = spawn(command, args, { cwd, env, stdio: 'pipe', detached: ownGroup });
    const kill = (signal: NodeJS.Signals): void => {
      if (ownGroup && child.pid !== undefined) killGroup(child.pid, signal);
      else child.kill(signal);
    };
    const stdout = new BoundedBytes(outputBytesMax, 'head');
    const stderr = new BoundedBytes(limits.commandStderrBytesMax, 'tail');
    let stopped: HostError | undefined;
    let killTimer: NodeJS.Timeout | undefined;
    const stop = (why: HostError): void => {
      if (stopped !== undefined) return;
      stopped = why;
      kill('SIGTERM');
      killTimer = setTimeout(() => kill('SIGKILL'), options.killGraceMs ?? limits.commandKillGraceMs);
    };
    const timer = setTimeout(() => stop(timedOut(command, timeoutMs)), timeoutMs);
    const onAbort = (): void => stop(aborted(command));
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      clearTimeout(killTimer);
      options.signal?.removeEventListener('abort', onAbort);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      if (!stdout.push(chunk)) stop(tooLarge(command, outputBytesMax));
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr.push(chunk);
      options.onStderr?.(chunk.toString('utf8'));
    });
    // A child that exits without reading its input closes the pipe first; its exit code tells the story.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
    child.once('error', (error) => {
      settle();
      reject(notStarted(command, error));
    });
    child.once('close', (code, signal) => {
      settle();
      if (stopped !== undefined) reject(stopped);
      else if (code === 0) resolve({ stdout: stdout.text(), stderr: stderr.text() });
      else reject(failed(command, code, signal, stderr.text()));
    });
  });
}

/** The last few non-empty lines of a program's output, for an error message. */
export function lastLines(text: string, count: number = limits.commandStderrLinesShown): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines.slice(-count).join('\n');
}

function killGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // It ended by itself in this moment.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

class BoundedBytes {
  #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #bytesMax: number;
  readonly #keep: 'head' | 'tail';

  constructor(bytesMax: number, keep: 'head' | 'tail') {
    this.#bytesMax = bytesMax;
    this.#keep = keep;
  }

  /** Takes one more chunk; false once a `head` has more than its limit. */
  push(chunk: Buffer): boolean {
    if (this.#keep === 'head' && this.#bytes + chunk.length > this.#bytesMax) return false;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#keep === 'tail' && this.#bytes > 2 * this.#bytesMax) this.#trim();
    return true;
  }

  text(): string {
    this.#trim();
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  #trim(): void {
    if (this.#bytes <= this.#bytesMax) return;
    const tail = Buffer.concat(this.#chunks).subarray(-this.#bytesMax);
    this.#chunks = [tail];
    this.#bytes = tail.length;
  }
}

function notStarted(command: string, error: Error): HostError {
  if (errnoOf(error) === 'ENOENT')
    return new HostError('command-not-found', `${command}: no such program`, { command });
  return new HostError('command-failed', `${command} could not be started: ${error.message}`, { command });
}

function failed(command: string, code: number | null, signal: string | null, stderr: string): HostError {
  const ended = code === null ? `ended by ${signal ?? 'a signal'}` : `exited with code ${code}, wanted 0`;
  const said = lastLines(stderr);
  const message = said === '' ? `${command} ${ended}` : `${command} ${ended}: ${said}`;
  return new HostError('command-failed', message, { command, exitCode: code ?? -1, stderr: said });
}

function timedOut(command: string, timeoutMs: number): HostError {
  return new HostError('command-timed-out', `${command} was still running after ${timeoutMs} ms and was ended`, {
    command,
    timeoutMs,
  });
}

function aborted(command: string): HostError {
  return new HostError('command-aborted', `${command} was ended because its caller gave up`, { command });
}

function tooLarge(command: string, outputBytesMax: number): HostError {
  return new HostError('command-output-too-large', `${command} wrote more than ${outputBytesMax} bytes and was ended`, {
    command,
    outputBytesMax,
  });
}
