import type { Msg } from '@nats-io/transport-node';
import { type Clock, minerIdOf, type Stop } from '#events';
import { textOf } from './errors.ts';
import { type Link, withinGrace } from './link.ts';
import type { BusLog } from './status.ts';

/** Requests of miners on one subject, and what their answers are. */
export type Served = {
  readonly subject: string;
  /** Who shares them: each goes to one of these. To everybody where there is none. */
  readonly queue: string | null;
  readonly answer: (minerId: string, message: Msg) => Promise<Uint8Array>;
};

/**
 * Answers requests until it is stopped or the connection is closed. Either way no new one comes here from then on, and those
 * that came are answered first, as far as a close may take: whoever asks while one of several servers goes would else
 * wait for its silence.
 */
export const serveRequests = async (
  { nc, beforeClose }: Pick<Link, 'nc' | 'beforeClose'>,
  { clock, log }: { readonly clock: Clock; readonly log: BusLog },
  served: readonly Served[],
): Promise<Stop> => {
  const open = new Set<Promise<void>>();
  const hear = ({ subject, answer }: Served, message: Msg): void => {
    const minerId = minerIdOf(message.subject);
    // Nobody waits for an answer that has nowhere to go.
    if (minerId === null || message.reply === undefined || message.reply === '') return;
    const work: Promise<void> = answer(minerId, message)
      .then((bytes) => void message.respond(bytes))
      .catch((error: unknown) => log('error', 'answer not sent', { subject, minerId, reason: textOf(error) }))
      .finally(() => open.delete(work));
    open.add(work);
  };
  const subscriptions = served.map((one) =>
    nc.subscribe(one.subject, {
      ...(one.queue === null ? {} : { queue: one.queue }),
      callback: (error, message) => {
        if (error === null) hear(one, message);
        else log('error', 'subscription refused', { subject: one.subject, reason: error.message });
      },
    }),
  );
  await nc.flush();

  const end = async (): Promise<void> => {
    await Promise.all(subscriptions.map((one) => one.drain()));
    await Promise.all(open);
  };
  let ended: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    ended ??= nc.isClosed() ? Promise.resolve() : withinGrace(clock, end());
    return ended;
  };
  beforeClose(stop);
  return stop;
};
