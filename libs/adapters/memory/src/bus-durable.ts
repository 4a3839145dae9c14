import type { Handled } from '#events';
import type { Wire } from './bus-wire.ts';

/** Handles the bytes of a subject. */
export type Take = (subject: string, bytes: Uint8Array) => Promise<Handled>;

/** A durable consumer on a stream that keeps the last message of each subject. */
export type Durable = {
  /** The message under a subject was replaced. */
  offer(subject: string): void;
  /** Delivers to `who` what is not acknowledged, then what comes, until `stop`. Of several, one takes each message. */
  subscribe(who: string, take: Take): () => void;
  /** Forgets every acknowledgement, so that all is delivered again. */
  reset(): void;
};

export type Stored = { readonly sequence: number; readonly bytes: Uint8Array };

/** When a handler threw, its message comes back after this, as on NATS. */
const handlerRetryMs = 1_000;
/** A delivery that nobody acknowledged comes again after this, as on NATS. */
const ackWaitMs = 10_000;

export const createDurable = (options: {
  readonly wire: Wire;
  /** What the stream holds now of the subjects this consumer reads. */
  readonly stored: () => ReadonlyMap<string, Stored>;
  readonly onFailure: (subject: string, error: unknown) => void;
}): Durable => {
  const { wire, stored, onFailure } = options;
  const acknowledged = new Map<string, number>();
  const takers: { readonly who: string; readonly take: Take }[] = [];

  const reachable = () => takers.filter(({ who }) => !wire.isCut(who));
  /** What nobody listens for may be dropped: whoever subscribes is offered it again. */
  const isReachable = (): boolean => takers.length === 0 || reachable().length > 0;

  const settle = (subject: string, { sequence }: Stored, handled: Handled, again: () => void): void => {
    if (handled === 'ack') {
      acknowledged.set(subject, Math.max(sequence, acknowledged.get(subject) ?? 0));
    } else again();
  };

  const deliver =
    (subject: string, message: Stored) =>
    async (late: boolean): Promise<void> => {
      const taker = wire.oneOf(reachable());
      if (taker === undefined) return;
      const isOld = stored().get(subject)?.sequence !== message.sequence;
      const isDone = (acknowledged.get(subject) ?? 0) >= message.sequence;
      if (!late && (isOld || isDone)) return;
      const againIn = (waitMs: number) => () => wire.sendIn(isReachable, waitMs, deliver(subject, message));
      try {
        const handled = await taker.take(subject, message.bytes);
        settle(subject, message, handled, againIn(typeof handled === 'string' ? 0 : handled.retryInMs));
      } catch (error) {
        onFailure(subject, error);
        againIn(handlerRetryMs)();
      }
    };

  const offer = (subject: string): void => {
    const message = stored().get(subject);
    if (takers.length === 0 || message === undefined) return;
    if ((acknowledged.get(subject) ?? 0) >= message.sequence) return;
    wire.send(isReachable, deliver(subject, message), ackWaitMs);
  };

  return {
    offer,
    subscribe: (who, take) => {
      const taker = { who, take };
      takers.push(taker);
      for (const subject of stored().keys()) offer(subject);
      return () => {
        const index = takers.indexOf(taker);
        if (index >= 0) takers.splice(index, 1);
      };
    },
    reset: () => {
      acknowledged.clear();
      for (const subject of stored().keys()) offer(subject);
    },
  };
};
