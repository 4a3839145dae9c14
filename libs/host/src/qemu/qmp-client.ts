import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, HostError } from '../errors.ts';
import { limits } from '../limits.ts';
import { LineSplitter } from '../lines.ts';
import { parseQmpLine, type QmpMessage } from './qmp-message.ts';

export type QmpEvent = { readonly name: string; readonly data: Readonly<Record<string, unknown>> };
export type QmpListener = (event: QmpEvent) => void;

type Waiting = { readonly command: string; resolve(value: unknown): void; reject(error: Error): void };

/** A conversation with one QEMU over its monitor socket. QEMU talks to one client at a time. */
export class QmpClient {
  /** Fulfilled when the conversation is over, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #splitter = new LineSplitter(limits.qmpLineBytesMax);
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<QmpListener>();
  #nextId = 1;
  #greeted: (() => void) | undefined;

  /** Connects, waiting for the socket to appear, and negotiates. Refuses with `qmp-unreachable` after `timeoutMs`. */
  static async connect(path: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<QmpClient> {
    const timeoutMs = options.timeoutMs ?? limits.qmpCommandTimeoutMs;
    const deadline = AbortSignal.timeout(timeoutMs);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    const unreachable = (observed: string): HostError =>
      new HostError('qmp-unreachable', `QEMU's monitor at ${path} did not answer within ${timeoutMs} ms: ${observed}`, {
        path,
      });
    let observed = 'no such socket';
    while (!signal.aborted) {
      const socket = await open(path).catch((error: unknown) => {
        observed = errnoOf(error) ?? String(error);
        return undefined;
      });
      if (socket === undefined) {
        await pause(limits.pollMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      const client = new QmpClient(socket);
      if (await client.#greet(signal)) return client;
      client.close();
      observed = 'connected, but no greeting (another client may hold it)';
    }
    throw unreachable(observed);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    // 'close' always follows and is where waiting commands learn of it.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#failAll());
  }

  /** Runs one monitor command and promises what it returns.
   *  Refuses with `qmp-refused` (QEMU's own words), `qmp-timed-out` or `qmp-closed`. */
  execute(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    timeoutMs: number = limits.qmpCommandTimeoutMs,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(
          new HostError('qmp-timed-out', `QEMU did not answer ${command} within ${timeoutMs} ms`, {
            command,
            timeoutMs,
          }),
        );
      }, timeoutMs);
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        act();
      };
      this.#waiting.set(id, {
        command,
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
      });
      if (this.#socket.destroyed) this.#failAll();
      else this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** Calls `listener` for every event from now on; the returned function ends that. */
  onEvent(listener: QmpListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the conversation. The VM goes on. */
  close(): void {
    this.#socket.destroy();
  }

  async #greet(signal: AbortSignal): Promise<boolean> {
    const greeted = new Promise<boolean>((resolve) => {
      this.#greeted = () => resolve(true);
      signal.addEventListener('abort', () => resolve(false), { once: true });
      this.#socket.once('close', () => resolve(false));
    });
    if (!(await greeted)) return false;
    return this.execute('qmp_capabilities').then(
      () => true,
      () => false,
    );
  }

  #take(chunk: Buffer): void {
    const { lines, overflow } = this.#splitter.push(chunk);
    for (const line of lines) if (line !== '') this.#handle(parseQmpLine(line));
    // A QEMU that no longer speaks the protocol is not one we can steer.
    if (overflow) this.#socket.destroy();
  }

  #handle(message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting':
        this.#greeted?.();
        return;
      case 'event':
        for (const listener of this.#listeners) listener({ name: message.name, data: message.data });
        return;
      case 'return':
        if (message.id !== undefined) this.#waiting.get(message.id)?.resolve(message.value);
        return;
      case 'error': {
        const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
        const said = `QEMU refused ${waiting?.command ?? 'a command'}: ${message.detail}`;
        waiting?.reject(new HostError('qmp-refused', said, { errorClass: message.errorClass }));
        return;
      }
      case 'unusable':
        this.#socket.destroy();
    }
  }

  #failAll(): void {
    for (const waiting of [...this.#waiting.values()]) {
      waiting.reject(new HostError('qmp-closed', `QEMU's monitor closed before it answered ${waiting.command}`));
    }
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
