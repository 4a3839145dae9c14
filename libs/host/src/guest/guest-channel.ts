import { connect, type Socket } from 'node:net';
import { limits } from '../limits.ts';
import { LineSplitter } from '../lines.ts';
import {
  checkGuestAccess,
  formatHostMessage,
  type GuestAccess,
  type GuestMessage,
  keysDigest,
  parseGuestMessage,
} from './guest-messages.ts';

/** What the owner of a channel hears. `misbehaved`: the guest broke a limit and was cut off for a while. */
export type GuestChannelEvent = GuestMessage | { readonly kind: 'misbehaved'; readonly reason: string };

/** The host's end of one guest's port. */
export type GuestChannel = {
  /** Replaces hostname and keys, for the running boot too. */
  readonly setAccess: (access: GuestAccess) => void;
  readonly close: () => void;
};

/** Talks to a guest over the unix socket of its virtio-serial port until closed: answers what it asks, tells `onEvent`
 *  each new thing it says once. Connects again whenever the socket goes away, and asks a silent guest to repeat itself,
 *  so either side may restart at any moment. Refuses `access` that no guest can be told. */
export function openGuestChannel(options: {
  readonly socketPath: string;
  readonly access: GuestAccess;
  readonly onEvent: (event: GuestChannelEvent) => void;
}): GuestChannel {
  return new Channel(options.socketPath, checkGuestAccess(options.access), options.onEvent);
}

class Channel implements GuestChannel {
  readonly #socketPath: string;
  readonly #onEvent: (event: GuestChannelEvent) => void;
  #access: GuestAccess;
  #digest: string;
  #socket: Socket | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #closed = false;
  #bootId: string | undefined;
  #lastTold = '';

  constructor(socketPath: string, access: GuestAccess, onEvent: (event: GuestChannelEvent) => void) {
    this.#socketPath = socketPath;
    this.#access = access;
    this.#digest = keysDigest(access.authorizedKeys);
    this.#onEvent = onEvent;
    this.#connect();
  }

  setAccess = (access: GuestAccess): void => {
    this.#access = checkGuestAccess(access);
    this.#digest = keysDigest(access.authorizedKeys);
    if (this.#bootId !== undefined) this.#welcome(this.#bootId);
  };

  close = (): void => {
    this.#closed = true;
    clearTimeout(this.#reconnect);
    this.#socket?.destroy();
  };

  #connect(): void {
    const socket = connect(this.#socketPath);
    this.#socket = socket;
    const splitter = new LineSplitter(limits.guestLineBytesMax);
    let linesThisSecond = 0;
    let heard = false;
    let waitMs: number = limits.guestReconnectMs;
    const cutOff = (reason: string): void => {
      waitMs = limits.guestPenaltyMs;
      socket.destroy();
      this.#tell({ kind: 'misbehaved', reason });
    };
    const everySecond = setInterval(() => {
      linesThisSecond = 0;
    }, 1_000);
    const askAgain = setInterval(() => {
      if (!heard && socket.readyState === 'open') socket.write(formatHostMessage({ kind: 'ask' }));
    }, limits.guestAskMs);
    socket.once('connect', () => socket.write(formatHostMessage({ kind: 'ask' })));
    socket.on('data', (chunk: Buffer) => {
      const { lines, overflow } = splitter.push(chunk);
      linesThisSecond += lines.length;
      if (overflow) return cutOff(`a line of more than ${limits.guestLineBytesMax} bytes`);
      if (linesThisSecond > limits.guestLinesPerSecondMax) {
        return cutOff(`more than ${limits.guestLinesPerSecondMax} lines in a second`);
      }
      for (const message of lines.map(parseGuestMessage)) {
        if (message === undefined) continue;
        heard = true;
        this.#answer(message);
      }
    });
    // 'close' follows and arranges the next try: the socket of a starting QEMU is not there yet, or refuses.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(everySecond);
      clearInterval(askAgain);
      if (!this.#closed) this.#reconnect = setTimeout(() => this.#connect(), waitMs);
    });
  }

  #answer(message: GuestMessage): void {
    this.#bootId = message.bootId;
    // Also a guest that was told before its host began anew, and lets in what was right then.
    const isOutdated = message.kind === 'ready' && (message.keysSha256 ?? this.#digest) !== this.#digest;
    if (message.kind === 'hello' || isOutdated) this.#welcome(message.bootId);
    else this.#socket?.write(formatHostMessage({ kind: 'seen', bootId: message.bootId }));
    this.#tell(message);
  }

  #welcome(bootId: string): void {
    this.#socket?.write(formatHostMessage({ kind: 'welcome', bootId, access: this.#access }));
  }

  /** A guest repeats itself until it is answered; its owner hears it once. */
  #tell(event: GuestChannelEvent): void {
    const told = JSON.stringify(event);
    if (told === this.#lastTold) return;
    this.#lastTold = told;
    this.#onEvent(event);
  }
}
