import type { KeyObject } from 'node:crypto';
import { everyTick, type Log, type Part, partStopMs } from '#edge';
import {
  type Clock,
  type ConsumerStatus,
  createConsumer,
  createHeadSigner,
  type EventStore,
  isoTime,
  type Position,
  parseStreamName,
  type SignedHead,
  type Sink,
} from '#events';
import { type HeadsFile, openHeadsFile } from './heads-file.ts';

export type LogHeadsOptions = {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly file: string;
  /** The network's Ed25519 private key. */
  readonly key: KeyObject;
};

/** The log lacks what a signed head says it had. Nobody goes on with such a log without a person's word. */
export class LogCut extends Error {
  override readonly name = 'LogCut';
}

/** How long what is recorded may stand without a head: an attacker who removes less than that is not seen. */
const signEveryMs = 60_000;
/** How long the end waits to read what was recorded just before it: half of what a part may take to stop, so that there is time to sign. */
const lastReadMs = partStopMs / 2;

/**
 * Signs the log's head into a file outside the store, every minute in which something was recorded and at the end, which
 * covers what was recorded before the stop was asked for. It does not start over a log that lacks what the newest head
 * covers: {@link LogCut}.
 */
export const createLogHeads = (options: LogHeadsOptions): Part & { status(): ConsumerStatus } => {
  const { store, clock, log, file, key } = options;
  let opened: HeadsFile | null = null;
  let signer: ReturnType<typeof createHeadSigner> | null = null;
  let signing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    const line = signer?.next(isoTime(clock.now())) ?? null;
    if (line === null || opened === null) return;
    await opened.add(line);
    signer?.written(line);
  };
  /** One line at a time: the next one names the one before it. */
  const sign = (): Promise<void> => {
    signing = signing.then(write, write);
    return signing;
  };

  const sink: Sink = {
    load: async () => {
      opened = await openHeadsFile(file, key);
      const { last } = opened;
      if (last !== null) await checkCovers(store, last.head, file);
      signer = createHeadSigner(store.storeId, key, last);
      return last === null ? null : store.parsePosition(last.head.position);
    },
    apply: (event) => signer?.take(event),
    commit: async (_position: Position) => {
      if (signer?.due() === true) await sign();
    },
  };
  const consumer = createConsumer({ name: 'log-heads', store, clock, sink, log });
  const tick = everyTick('log-heads-sign', signEveryMs, sign, { clock, log });

  /** The last words of those who stopped before us were recorded a moment ago, and a tail hears of them a moment later. */
  const readToTheEnd = async (): Promise<void> => {
    if (signer === null) return;
    try {
      const end = await store.head();
      if (end === null || (await consumer.reached(end, lastReadMs))) return;
      const { position, stalled } = consumer.status();
      log('warn', 'the last head does not cover the end of the log', { end, position, stalled });
    } catch (error) {
      log('warn', 'the last head may not cover the end of the log', { reason: String(error) });
    }
  };

  return {
    name: 'log-heads',
    status: consumer.status,
    start: async () => {
      await consumer.start();
      await tick.start();
    },
    stop: async () => {
      await tick.stop();
      await readToTheEnd();
      await consumer.stop();
      await sign();
      await opened?.close();
    },
  };
};

/** Throws {@link LogCut} unless the log has the newest event of every stream that the head lists, as it was. */
const checkCovers = async (store: EventStore, head: SignedHead, file: string): Promise<void> => {
  const fix = `if the loss is known (a restored backup), move ${file} away and start again; else see \`hcc verify-log\``;
  if (head.storeId !== store.storeId) {
    throw new LogCut(`${file} is about store ${head.storeId}, and this store is ${store.storeId}; ${fix}`);
  }
  for (const [name, revision, hash] of head.streams) {
    const stream = parseStreamName(name);
    const [event] = stream === null ? [] : await store.readStream(stream, { from: BigInt(revision), limit: 1 });
    if (event?.hash === hash) continue;
    const found = event === undefined ? 'nothing' : `an event with hash ${event.hash}`;
    throw new LogCut(
      `the log had ${head.events} events at ${head.signedAt}, and lacks some of them now: ${name} at revision ${revision} has ${found}, wanted hash ${hash}; ${fix}`,
    );
  }
};
