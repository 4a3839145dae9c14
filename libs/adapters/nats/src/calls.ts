import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import {
  backupAnswer,
  backupCall,
  type CallAnswer,
  type CallHandlers,
  type ConsoleText,
  consoleAnswer,
  consoleCall,
  decodeMessage,
  encodeMessage,
  metricsAnswer,
  metricsCall,
  type Stop,
  subjects,
} from '#events';
import { textOf } from './errors.ts';
import type { BusLog } from './status.ts';

/** Answers the orchestrator's calls about VMs until stopped. */
export const answerCalls = async (options: {
  readonly nc: NatsConnection;
  readonly minerId: string;
  readonly log: BusLog;
  readonly handlers: CallHandlers;
}): Promise<Stop> => {
  const { nc, minerId, log, handlers } = options;
  const listen = (what: 'console' | 'metrics' | 'backup', answer: (message: Msg) => Promise<void>) =>
    nc.subscribe(subjects.call(minerId, what), {
      callback: (error, message) => {
        if (error !== null) return log('error', 'subscription refused', { what, reason: error.message });
        void answer(message).catch((failure: unknown) =>
          log('error', 'call not answered', { what, reason: textOf(failure) }),
        );
      },
    });
  const subscriptions = [
    listen('console', (message) =>
      respond(message, consoleCall, consoleAnswer, async (call) =>
        clipped(await handlers.console(call), call.bytesMax),
      ),
    ),
    listen('backup', (message) => respond(message, backupCall, backupAnswer, (call) => handlers.backup(call))),
    listen('metrics', (message) => respond(message, metricsCall, metricsAnswer, ({ vmId }) => handlers.metrics(vmId))),
  ];
  await nc.flush();
  return async () => {
    for (const subscription of subscriptions) subscription.unsubscribe();
  };
};

const respond = async <Call, Value>(
  message: Msg,
  callSchema: z.ZodType<Call>,
  answerSchema: z.ZodType<CallAnswer<Value>>,
  handle: (call: Call) => Promise<Value>,
): Promise<void> => {
  // Only the orchestrator's requests carry a reply; a neighbour can make the server send us junk, but without one.
  if (message.reply === undefined || message.reply === '') return;
  const call = decodeMessage(callSchema, message.data, callBytesMax);
  const refuse = (reason: string): unknown =>
    message.respond(encodeMessage(answerSchema, { ok: false, reason: reason.slice(0, 500) }));
  if (!call.ok) {
    refuse(call.reason);
    return;
  }
  try {
    message.respond(encodeMessage(answerSchema, { ok: true, value: await handle(call.value) }));
  } catch (error) {
    refuse(textOf(error));
  }
};

/** An id and two numbers. */
const callBytesMax = 256;

/** No more than was asked for, whatever the handler gave: its end. */
const clipped = (part: ConsoleText, bytesMax: number): ConsoleText => {
  const bytes = Buffer.from(part.text);
  if (bytes.length <= bytesMax) return part;
  const text = bytes.subarray(-bytesMax).toString('utf8').slice(-bytesMax);
  return { ...part, text, start: Math.max(part.start, part.end - bytesMax) };
};
