import { constants, existsSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeFrame, FrameDecoder } from '#guest-channel';
import { limits } from '../limits.ts';
import { Stop } from '../stop.ts';

/** One end of a port: messages in, messages out, in order. Bytes are taken from the kernel only when somebody waits for them. */
export type Port = {
  /** Sends one message; waits while the other side takes nothing. */
  send(message: unknown): Promise<void>;
  /** The next message, still unread as to its meaning. Throws ChannelError for bytes that are none, and Stop
   *  (`host-silent`) when nothing complete came within `timeoutMs`. */
  next(timeoutMs?: number): Promise<unknown>;
};

/** Opens a virtio-serial port by its name. Stops with `no-port` when this machine has none of it. */
export const openPort = async (name: string): Promise<Port> => portOf(openPortFile(name), name);

/** The port's file, without blocking. Stops with `no-port`. */
export const openPortFile = (name: string): number => {
  for (const device of existsSync(portsDir) ? readdirSync(portsDir) : []) {
    const at = join(portsDir, device, 'name');
    if (!existsSync(at) || readFileSync(at, 'utf8').trim() !== name) continue;
    // A number and not a FileHandle: that one is closed when it is collected, and here it lives as long as the machine.
    return openSync(join('/dev', device), constants.O_RDWR | constants.O_NONBLOCK);
  }
  throw new Stop('no-port', `there is no virtio-serial port ${name}: it must be on QEMU's command line`);
};

const portsDir = '/sys/class/virtio-ports';

/** Without blocking: a read that waits in the kernel would keep this process from ever ending. */
const portOf = (fd: number, name: string): Port => {
  const decoder = new FrameDecoder();
  const received: unknown[] = [];
  const buffer = Buffer.alloc(limits.readBytes);
  return {
    send: async (message) => {
      const frame = encodeFrame(message);
      for (let at = 0; at < frame.length; ) {
        const written = unlessBusy(() => writeSync(fd, frame, at));
        at += written;
        if (written === 0) await pause(limits.busyPollMs);
      }
    },
    next: async (timeoutMs) => {
      let waitedMs = 0;
      const pollMs = timeoutMs === undefined ? limits.idlePollMs : limits.busyPollMs;
      while (received.length === 0) {
        const bytes = unlessBusy(() => readSync(fd, buffer));
        received.push(...decoder.push(buffer.subarray(0, bytes)));
        if (bytes > 0) continue;
        if (timeoutMs !== undefined && waitedMs > timeoutMs) {
          throw new Stop('host-silent', `nothing came on ${name} for ${timeoutMs} ms`);
        }
        await pause(pollMs);
        waitedMs += pollMs;
      }
      return received.shift();
    },
  };
};

/** 0 while the other side is away (a read of 0 bytes) or the queue is full or empty (EAGAIN). */
const unlessBusy = (call: () => number): number => {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
    throw error;
  }
};
