import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { encodeFrame, FrameDecoder, parseVmHostMessage, type VmHostMessage } from '#guest-channel';

/** A guest, as its host meets it: the socket that QEMU would offer, and what comes over it. */
export type FakeGuest = {
  readonly socketPath: string;
  say(message: Readonly<Record<string, unknown>>): void;
  bytes(raw: Uint8Array | string): void;
  /** The next message of the host that was not taken yet. */
  next(): Promise<VmHostMessage>;
  /** Messages that came and were not taken. */
  readonly heard: readonly VmHostMessage[];
  /** Fulfilled when a host comes that was not there before. */
  visited(): Promise<void>;
  /** QEMU goes away. */
  vanish(): void;
};

export const fakeGuest = async (): Promise<FakeGuest> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-guest-'));
  const socketPath = join(dir, 'guest.sock');
  const server = createServer();
  const heard: VmHostMessage[] = [];
  const wakes = new Set<() => void>();
  let socket: Socket | null = null;
  let visits = 0;
  const wake = (): void => {
    for (const one of wakes) one();
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      await new Promise<void>((resolve) => wakes.add(resolve));
    }
  };
  server.on('connection', (arrived) => {
    socket = arrived;
    visits += 1;
    const decoder = new FrameDecoder();
    arrived.on('error', () => undefined);
    arrived.on('data', (chunk: Buffer) => {
      heard.push(...decoder.push(chunk).map(parseVmHostMessage));
      wake();
    });
    wake();
  });
  server.listen(socketPath);
  await once(server, 'listening');
  onTestFinished(async () => {
    socket?.destroy();
    server.close();
    await rm(dir, { recursive: true, force: true });
  });
  return {
    socketPath,
    heard,
    say: (message) => void socket?.write(encodeFrame({ version: 1, ...message })),
    bytes: (raw) => void socket?.write(raw),
    next: async () => {
      await until(() => heard.length > 0);
      const message = heard.shift();
      if (message === undefined) throw new Error('BUG: nothing was heard');
      return message;
    },
    visited: () => {
      const before = visits;
      return until(() => visits > before);
    },
    vanish: () => {
      server.close();
      socket?.destroy();
    },
  };
};
