import type { Handled } from '#events';
import type { Wire } from './bus-wire.ts';

/** Handles the bytes of a subject. */
export type Take = (subject: string, bytes: Uint8Array) => Promise<Handled>;

/** A durable consumer on a stream that keeps the last message of each subject. */
export type Durable = {
  /** The message under a subject was replaced. */
  offer(subject: string): void;
  /** Delivers what is not acknowledged, then what comes, until `stop`. */
  subscribe(take: Take): () => void;
  /** Forgets every acknowledgement, so that all is delivered again. */
  reset(): void;
};

export type Stored = { readonly sequence: number; readonly bytes: Uint8Array };

/** When a handler threw, its message comes back after this, as on NATS. */
const handlerRetryMs = 1_000;

export const createDurable = (options: {
  readonly wire: Wire;
  readonly to: string;
  /** What the stream holds now of the subjects this consumer reads. */
  readonly stored: () => ReadonlyMap<string, Stored>;
  readonly onFailure: (subject: string, error: unknown) => void;
}): Durable => {
  const { wire, to, stored, onFailure } = options;
  const acknowledged = new Map<string, number>();
  let taker: Take | null = null;

  const settle = (subject: string, { sequence }: Stored, handled: Handled, again: () => void): void => {
    if (handled === 'ack') {
      acknowledged.set(subject, Math.max(sequence, acknowledged.get(subject) ?? 0));
    } else again();
  };

  const deliver =
    (subject: string, message: Stored) =>
    async (late: boolean): Promise<void> => {
      const take = taker;
      if (take === null) return;
      const isOld = stored().get(subject)?.sequence !== message.sequence;
      const isDone = (acknowledged.get(subject) ?? 0) >= message.sequence;
      if (!late && (isOld || isDone)) return;
      const againIn = (waitMs: number) => () => wire.sendIn(to, waitMs, deliver(subject, message));
      try {
        const handled = await take(subject, message.bytes);
        settle(subject, message, handled, againIn(typeof handled === 'string' ? 0 : handled.retryInMs));
      } catch (error) {
        onFailure(subject, error);
        againIn(handlerRetryMs)();
      }
    };

  const offer = (subject: string): void => {
    const message = stored().get(subject);
    if (taker === null || message === undefined || (acknowledged.get(subject) ?? 0) >= message.sequence) return;
    wire.send(to, deliver(subject, message));
  };

  return {
    offer,
    subscribe: (take) => {
      taker = take;
      for (const subject of stored().keys()) offer(subject);
      return () => {
        if (taker === take) taker = null;
      };
    },
    reset: () => {
      acknowledged.clear();
      for (const subject of stored().keys()) offer(subject);
    },
  };
};
