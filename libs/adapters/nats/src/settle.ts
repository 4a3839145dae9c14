import type { JsMsg } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import type { Clock, Handled } from '#events';
import { textOf } from './errors.ts';
import { handlerRetryMs, progressEveryMs } from './limits.ts';
import type { BusLog } from './status.ts';

export type Settling = { readonly clock: Clock; readonly log: BusLog };

/** Handles one message and settles it: acknowledged, put off, or (when the handler threw) tried again. Says it is working while it is held. Never rejects. */
export const settle = async (
  message: JsMsg,
  handle: () => Promise<Handled>,
  { clock, log }: Settling,
): Promise<void> => {
  const settled = new AbortController();
  const progress = sayWorking(message, clock, settled.signal);
  try {
    const handled = await handle();
    settled.abort();
    if (handled === 'ack') message.ack();
    else message.nak(handled.retryInMs);
  } catch (error) {
    settled.abort();
    log('error', 'message handler failed; the message comes again', {
      subject: message.subject,
      reason: textOf(error),
    });
    unlessClosed(() => message.nak(handlerRetryMs));
  }
  await progress;
};

/** Gives up on a message that no later try can read. */
export const refuse = (message: JsMsg, reason: string, log: BusLog): void => {
  log('warn', 'message refused', { subject: message.subject, bytes: message.data.length, reason });
  unlessClosed(() => message.term(reason.slice(0, 200).replaceAll(/\s+/g, ' ')));
};

const sayWorking = async (message: JsMsg, clock: Clock, settled: AbortSignal): Promise<void> => {
  for (;;) {
    await clock.sleep(progressEveryMs, settled);
    if (settled.aborted) return;
    unlessClosed(() => message.working());
  }
};

/** On a closed connection nothing can be said, and nothing need be: an unsettled message comes again. */
const unlessClosed = (say: () => void): void => {
  try {
    say();
  } catch (error) {
    if (!(error instanceof errors.ClosedConnectionError)) throw error;
  }
};
