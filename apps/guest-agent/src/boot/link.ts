import { readSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ChannelError, encodeFrame, FrameDecoder } from '#guest-channel';
import { limits as agentLimits } from '../limits.ts';
import type { Port } from '../port/virtio-port.ts';
import { Stop } from '../stop.ts';
import { limits } from './limits.ts';

/** One end of a port whose other side may go and come again. What it leaves half said is dropped with it. */
export type Link = {
  /** Sends a message whole, or drops it: false while nobody is there. */
  send(message: unknown): Promise<boolean>;
  /** The next message, still unread as to its meaning; null when none came in time. */
  next(timeoutMs: number, pollMs?: number): Promise<unknown>;
  /** Goes up by one each time the other side comes. */
  connections(): number;
};

/** A link over an open port, without ever waiting in the kernel. Bytes that are no frames end what is heard of this
 *  connection, since nothing says where the next frame begins: `onNoise` is told. */
export const linkOn = (fd: number, onNoise: (reason: string) => void): Link => {
  const buffer = Buffer.alloc(agentLimits.readBytes);
  const received: unknown[] = [];
  let decoder: FrameDecoder | null = new FrameDecoder();
  let isThere = false;
  let connections = 0;

  const hear = (bytes: Uint8Array): void => {
    try {
      received.push(...(decoder?.push(bytes) ?? []));
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      decoder = null;
      onNoise(error.message);
    }
  };
  /** Takes what there is, a page at most, and says whether more of a message may be there. A read of 0 bytes says that nobody is
   *  at the other end. */
  const poll = (): boolean => {
    if (received.length > limits.unreadMax) {
      received.length = 0;
      decoder = null;
      onNoise(`more than ${limits.unreadMax} messages came that nobody waited for`);
    }
    const bytes = unlessBusy(() => readSync(fd, buffer));
    if (bytes === 0) {
      isThere = false;
      decoder = new FrameDecoder();
      return false;
    }
    if (!isThere) connections += 1;
    isThere = true;
    if (bytes !== null) hear(buffer.subarray(0, bytes));
    return bytes !== null && decoder !== null;
  };

  return {
    send: async (message) => {
      const frame = encodeFrame(message);
      for (let at = 0; at < frame.length; ) {
        const written = unlessBusy(() => writeSync(fd, frame, at));
        at += written ?? 0;
        if (written !== null) continue;
        poll();
        if (!isThere) return false;
        await pause(limits.busyPollMs);
      }
      return true;
    },
    next: async (timeoutMs, pollMs = limits.busyPollMs) => {
      for (let waitedMs = 0; ; waitedMs += pollMs) {
        // What was heard is handed out before more is taken: a host that floods fills no memory.
        // Half a message is no reason to wait: the other pages of it are there.
        while (received.length === 0 && poll());
        if (received.length > 0) return received.shift();
        if (waitedMs >= timeoutMs) return null;
        await pause(pollMs);
      }
    },
    connections: () => connections,
  };
};

/** A link for who expects a port: a message waits until somebody is there to take it. */
export const portOn = (link: Link): Port => ({
  send: async (message) => {
    while (!(await link.send(message))) await pause(limits.busyPollMs);
  },
  next: async (timeoutMs = agentLimits.answerMs) => {
    const message = await link.next(timeoutMs);
    if (message === null) throw new Stop('host-silent', `nothing came for ${timeoutMs} ms`);
    return message;
  },
});

/** Null while there is nothing to read, or no room to write. */
const unlessBusy = (call: () => number): number | null => {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null;
    throw error;
  }
};
