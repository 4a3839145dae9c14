import { type JsMsg, jetstreamManager } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import type { z } from 'zod';
import {
  type AskAnswer,
  answerBytesMax,
  askAnswer,
  consoleBytesMax,
  consoleCall,
  decodeMessage,
  encodeMessage,
  type Handled,
  hostReport,
  jetstreamStreams,
  minerIdOf,
  type OrchestratorBus,
  reportBytesMax,
  type Stop,
  subjects,
  vmIdOf,
  vmReport,
} from '#events';
import { ensureTopology } from './ensure-topology.ts';
import { textOf } from './errors.ts';
import { publishAll } from './event-message.ts';
import { requestTimeoutMs } from './limits.ts';
import { type Link, type LinkOptions, openLink } from './link.ts';
import { pullFrom } from './pull.ts';
import { unavailable, withPatience } from './retry.ts';
import { refuse, settle } from './settle.ts';
import { createSpecBoard } from './spec-board.ts';
import type { BusLog } from './status.ts';
import { remakeMinerConsumer, reportConsumers } from './topology.ts';
import { serviceInbox } from './user-jwt.ts';

export type OrchestratorBusOptions = Omit<LinkOptions, 'who' | 'inboxPrefix'> & {
  /** JetStream replicas of each stream: 1 on one machine, 3 in a cluster. */
  readonly replicas?: number;
};

export type NatsOrchestratorBus = OrchestratorBus & {
  /** Messages of miners that were not what they must be, since the start. */
  refusedMessages(): number;
};

/**
 * The orchestrator's side of the bus. Connects, makes what is missing of streams and consumers and compares the rest.
 * Refuses a server or stream that is not as we need it (NatsError); rejects with BusUnavailable when nobody answers.
 */
export const connectOrchestratorBus = async (options: OrchestratorBusOptions): Promise<NatsOrchestratorBus> => {
  const link = await openLink({ ...options, who: 'orchestrator', inboxPrefix: serviceInbox('orchestrator') });
  try {
    return await openBus(link, options);
  } catch (error) {
    await link.close();
    throw error;
  }
};

const openBus = async (link: Link, options: OrchestratorBusOptions): Promise<NatsOrchestratorBus> => {
  const { clock, log, replicas = 1 } = options;
  const { nc, closing } = link;
  const topology = { clock, replicas, signal: closing };
  await ensureTopology(nc, topology);
  // A server that lost its store comes back empty; it is given its streams again, never changed ones.
  link.onReconnect(() => {
    ensureTopology(nc, topology).catch((error: unknown) =>
      log('error', 'streams are not as they must be after a reconnect', { reason: textOf(error) }),
    );
  });
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const js = jsm.jetstream();
  const specs = createSpecBoard({ jsm, clock, log, signal: closing });
  let refused = 0;

  const read = <Message>(message: JsMsg, schema: z.ZodType<Message>, isOf: (decoded: Message) => boolean) => {
    const minerId = minerIdOf(message.subject);
    const decoded = decodeMessage(schema, message.data, reportBytesMax);
    if (minerId !== null && decoded.ok && isOf(decoded.value)) return { minerId, value: decoded.value };
    refused += 1;
    const reason = decoded.ok ? 'the subject names another miner or VM than the message' : decoded.reason;
    refuse(message, reason, log);
    return null;
  };

  const take = <Message>(
    consumer: string,
    schema: z.ZodType<Message>,
    isOf: (decoded: Message, subject: string) => boolean,
    handle: (decoded: Message, minerId: string) => Promise<Handled>,
  ): Promise<Stop> =>
    Promise.resolve(
      pullFrom({
        ...{ js, clock, closing, log, consumer, stream: jetstreamStreams.reports },
        take: async (message) => {
          const known = read(message, schema, (decoded) => isOf(decoded, message.subject));
          if (known !== null) await settle(message, () => handle(known.value, known.minerId), { clock, log });
        },
      }),
    );

  /** Requests and beats of miners, on core NATS; one orchestrator of several takes each. */
  const listen = async (subject: string, hear: (message: Msg, minerId: string) => void): Promise<Stop> => {
    const subscription = nc.subscribe(subject, {
      queue: 'orchestrator',
      callback: (error, message) => {
        if (error !== null) return log('error', 'subscription refused', { subject, reason: error.message });
        const minerId = minerIdOf(message.subject);
        if (minerId === null) refused += 1;
        else hear(message, minerId);
      },
    });
    await nc.flush();
    return async () => subscription.unsubscribe();
  };

  return {
    publishEvents: (events) => publishAll(js, events, { clock, signal: closing }),
    putSpec: specs.put,
    purgeSpec: specs.purge,
    resetWork: (minerId) =>
      withPatience(
        { clock, signal: closing, budgetMs: requestTimeoutMs, what: `reset the work of miner ${minerId}` },
        () => remakeMinerConsumer(jsm, minerId),
      ),
    onReport: (handle) =>
      take(reportConsumers.reports, vmReport, (report, subject) => report.vmId === vmIdOf(subject), handle),
    onHost: (handle) => take(reportConsumers.hosts, hostReport, () => true, handle),
    onBeat: (handle) => listen(subjects.allBeats, (_, minerId) => handle(minerId, clock.now())),
    onAsk: (what, handle) => {
      const answers = answerOnce(what, handle, log);
      return listen(subjects.allAsks(what), (message, minerId) => {
        // Nobody waits for an answer that has nowhere to go.
        if (message.reply === undefined || message.reply === '') return;
        void answers(minerId)
          .then((answer) => message.respond(encodeMessage(askAnswer, answer)))
          .catch((error: unknown) => log('error', 'answer not sent', { what, minerId, reason: textOf(error) }));
      });
    },
    askConsole: async (minerId, vmId, bytesMax) => {
      const what = `console of VM ${vmId} on miner ${minerId}`;
      const request = encodeMessage(consoleCall, { vmId, bytesMax: Math.min(bytesMax, consoleBytesMax) });
      const answer = await nc
        .request(subjects.call(minerId, 'console'), request, { timeout: requestTimeoutMs })
        .catch((error: unknown) => {
          throw unavailable(what, `the miner did not answer (${textOf(error)})`, error);
        });
      const decoded = decodeMessage(askAnswer, answer.data, answerBytesMax);
      if (!decoded.ok) throw unavailable(what, `the miner's answer is not one: ${decoded.reason}`);
      if (!decoded.value.ok) throw unavailable(what, decoded.value.reason);
      return decoded.value.text;
    },
    connectedSince: link.connectedSince,
    close: link.close,
    refusedMessages: () => refused,
  };
};

/** Answers that never reject. A miner that asks again while its answer is being made gets the same one: asking a thousand times costs one. */
const answerOnce = (
  what: string,
  handle: (minerId: string) => Promise<AskAnswer>,
  log: BusLog,
): ((minerId: string) => Promise<AskAnswer>) => {
  const pending = new Map<string, Promise<AskAnswer>>();
  return (minerId) => {
    const asked = pending.get(minerId);
    if (asked !== undefined) return asked;
    const answer = handle(minerId)
      .catch((error: unknown): AskAnswer => {
        log('error', 'request of a miner failed', { what, minerId, reason: textOf(error) });
        return { ok: false, reason: 'the orchestrator could not do it now; ask again' };
      })
      .finally(() => pending.delete(minerId));
    pending.set(minerId, answer);
    return answer;
  };
};
