import { connect, type Socket } from 'node:net';
import type { Clock } from '#events';
import { ChannelError, encodeFrame, FrameDecoder } from '#guest-channel';
import { errnoOf } from '#host';
import { limits } from '../limits.ts';

/** The host's end of one port of a system VM. */
export type FrameSocket = {
  send(message: unknown): void;
  close(): void;
};

/** Connects to the unix socket of a port, which is there a moment after its QEMU, and gives every frame to `onFrame`.
 *  `onEnd` hears once why nothing more comes: the socket closed, or the guest sent what is no frame. Rejects when it
 *  stays away until `signal` fires. */
export const openFrameSocket = async (options: {
  readonly socketPath: string;
  readonly onFrame: (frame: unknown) => void;
  readonly onEnd: (reason: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<FrameSocket> => {
  const { onFrame, onEnd } = options;
  const socket = await connectPatiently(options);
  const decoder = new FrameDecoder();
  let ended = false;
  const end = (reason: string): void => {
    if (ended) return;
    ended = true;
    socket.destroy();
    onEnd(reason);
  };
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of decoder.push(chunk)) if (!ended) onFrame(frame);
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      end(error.message);
    }
  });
  socket.on('error', (error) => end(error.message));
  socket.once('close', () => end('the port was closed'));
  return {
    send: (message) => void socket.write(encodeFrame(message)),
    close: () => end('closed by us'),
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
    await clock.sleep(limits.hccamSocketPollMs, signal);
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
