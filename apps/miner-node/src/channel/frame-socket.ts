import { connect, type Socket } from 'node:net';
import type { Clock } from '#events';
import { ChannelError, encodeFrame, FrameDecoder } from '#guest-channel';
import { errnoOf } from '#host';
import { limits } from '../limits.ts';

/** The host's end of one port of a VM. */
export type FrameSocket = {
  /** Sends a message, unless it is over. One that the guest does not read costs memory here, so it ends at a bound. */
  send(message: unknown): void;
  /** Ends it as the guest's fault. */
  cutOff(reason: string): void;
  close(): void;
};

/** `misbehaved`: the guest sent what it must not, or does not read; `closed` says nothing about the guest. */
export type EndOfSocket = 'misbehaved' | 'closed';

/** Connects to the unix socket of a port, which is there a moment after its QEMU, and gives every frame to `onFrame`;
 *  a ChannelError it throws ends the socket. `onEnd` hears once why nothing more comes. Rejects when the socket stays
 *  away until `signal` fires. */
export const openFrameSocket = async (options: {
  readonly socketPath: string;
  readonly onFrame: (frame: unknown) => void;
  readonly onEnd: (reason: string, how: EndOfSocket) => void;
  /** What may wait to be read by the guest. */
  readonly unreadBytesMax: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<FrameSocket> => {
  const { onFrame, onEnd, unreadBytesMax } = options;
  const socket = await connectPatiently(options);
  const decoder = new FrameDecoder();
  let ended = false;
  const end = (reason: string, how: EndOfSocket): void => {
    if (ended) return;
    ended = true;
    socket.destroy();
    onEnd(reason, how);
  };
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of decoder.push(chunk)) if (!ended) onFrame(frame);
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      end(error.message, 'misbehaved');
    }
  });
  socket.on('error', (error) => end(error.message, 'closed'));
  socket.once('close', () => end('the port was closed', 'closed'));
  return {
    send: (message) => {
      if (ended) return;
      socket.write(encodeFrame(message));
      const unread = socket.writableLength;
      if (unread > unreadBytesMax)
        end(`${unread} bytes wait to be read, wanted at most ${unreadBytesMax}`, 'misbehaved');
    },
    cutOff: (reason) => end(reason, 'misbehaved'),
    close: () => end('closed by us', 'closed'),
  };
};

const connectPatiently = async ({
  socketPath,
  clock,
  signal,
}: {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<Socket> => {
  for (;;) {
    try {
      return await connected(socketPath);
    } catch (error) {
      if (signal.aborted) throw new Error(`no socket ${socketPath}: ${errnoOf(error) ?? String(error)}`);
    }
    await clock.sleep(limits.portPollMs, signal);
  }
};

const connected = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
