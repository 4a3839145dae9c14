import type { Clock } from '#events';
import { type EndOfSocket, type FrameSocket, openFrameSocket } from '../channel/frame-socket.ts';
import { limits } from '../limits.ts';

/** One port of a VM that runs, kept open for as long as it does. */
export type GuestLine = {
  /** Sends a message; dropped while the port is not open, since a guest asks again. */
  send(message: unknown): void;
  /** Fulfilled once everything the guest sent until now was read, and the port is closed. */
  hungUp(): Promise<void>;
  close(): void;
};

export type GuestLineOptions = {
  readonly socketPath: string;
  readonly clock: Clock;
  /** The port was opened: for the first time, or again. */
  readonly onOpen: () => void;
  /** A ChannelError it throws is the guest's fault. */
  readonly onFrame: (frame: unknown) => void;
  /** The guest broke a rule, and is not listened to for `pauseMs`. */
  readonly onFault: (reason: string, pauseMs: number) => void;
};

/** Opens a port and opens it again whenever it closes. A guest that breaks a rule of the channel, or floods it, is cut
 *  off for a while, each time longer: it costs a little memory and a little time, and nothing else of this host waits. */
export const openGuestLine = (options: GuestLineOptions): GuestLine => {
  const { clock, onOpen, onFault } = options;
  const closing = new AbortController();
  let current: FrameSocket | null = null;
  let open: Promise<unknown> = Promise.resolve();

  const connectOnce = async (): Promise<{ readonly reason: string; readonly how: EndOfSocket }> => {
    const over = Promise.withResolvers<{ readonly reason: string; readonly how: EndOfSocket }>();
    const { socketPath } = options;
    const isFlood = floodMeter(clock);
    const socket = await openFrameSocket({
      ...{ socketPath, clock, signal: closing.signal, unreadBytesMax: limits.guestUnreadBytesMax },
      onFrame: (frame) => {
        if (isFlood()) return current?.cutOff(`more than ${limits.guestFramesPerSecondMax} messages in a second`);
        options.onFrame(frame);
      },
      onEnd: (reason, how) => over.resolve({ reason, how }),
    });
    current = socket;
    open = over.promise;
    if (closing.signal.aborted) socket.close();
    else onOpen();
    return over.promise.finally(() => {
      current = null;
    });
  };

  const run = async (): Promise<void> => {
    let penaltyMs: number = limits.guestPenaltyMs;
    while (!closing.signal.aborted) {
      const openedAt = clock.now();
      const { reason, how } = await connectOnce();
      if (closing.signal.aborted) return;
      if (how === 'closed') {
        await clock.sleep(limits.guestReconnectMs, closing.signal);
        continue;
      }
      if (clock.now() - openedAt > limits.guestPenaltyMaxMs) penaltyMs = limits.guestPenaltyMs;
      onFault(reason, penaltyMs);
      await clock.sleep(penaltyMs, closing.signal);
      penaltyMs = Math.min(2 * penaltyMs, limits.guestPenaltyMaxMs);
    }
  };

  // It only rejects when it was closed before there was a socket.
  void run().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });
  return {
    send: (message) => current?.send(message),
    hungUp: async () => {
      await open;
    },
    close: () => {
      closing.abort();
      current?.close();
    },
  };
};

/** True once more came within one second than may. */
const floodMeter = (clock: Clock): (() => boolean) => {
  let secondBegan = clock.now();
  let frames = 0;
  return () => {
    const now = clock.now();
    if (now - secondBegan >= 1_000) {
      secondBegan = now;
      frames = 0;
    }
    frames += 1;
    return frames > limits.guestFramesPerSecondMax;
  };
};
