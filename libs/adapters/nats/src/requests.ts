import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import {
  type AskAnswer,
  answerBytesMax,
  askAnswer,
  backupAnswer,
  backupCall,
  type CallAnswer,
  type Clock,
  consoleAnswer,
  consoleBytesMax,
  consoleCall,
  decodeMessage,
  drainWish,
  encodeMessage,
  metricsAnswer,
  metricsCall,
  minerIdOf,
  type OrchestratorBus,
  type Stop,
  subjects,
} from '#events';
import { textOf } from './errors.ts';
import { requestTimeoutMs } from './limits.ts';
import type { Link } from './link.ts';
import { unavailable } from './retry.ts';
import { serveRequests } from './serve-requests.ts';
import type { BusLog } from './status.ts';

export type RequestsOptions = {
  readonly link: Pick<Link, 'nc' | 'beforeClose'>;
  readonly clock: Clock;
  readonly log: BusLog;
  /** A message was not what it must be. */
  readonly onRefused: () => void;
};

/** Core NATS between orchestrator and miners: beats, requests and calls. One orchestrator of several takes each. */
export type Requests = {
  onBeat(hear: (minerId: string) => void): Promise<Stop>;
  onAsk(what: 'sync' | 'renew', handle: (minerId: string) => Promise<AskAnswer>): Promise<Stop>;
  onDrain: OrchestratorBus['onDrain'];
  askConsole: OrchestratorBus['askConsole'];
  askMetrics: OrchestratorBus['askMetrics'];
  askBackup: OrchestratorBus['askBackup'];
};

export const createRequests = ({ link, clock, log, onRefused }: RequestsOptions): Requests => {
  const { nc } = link;
  const listen = async (subject: string, hear: (minerId: string) => void): Promise<Stop> => {
    const subscription = nc.subscribe(subject, {
      queue,
      callback: (error, message) => {
        if (error !== null) return log('error', 'subscription refused', { subject, reason: error.message });
        const minerId = minerIdOf(message.subject);
        if (minerId === null) onRefused();
        else hear(minerId);
      },
    });
    await nc.flush();
    return async () => subscription.unsubscribe();
  };

  type Asked = (minerId: string, bytes: Uint8Array) => Promise<AskAnswer>;
  /** A failure is ours to know and the miner's to ask again about. */
  const answerAll = (what: 'sync' | 'renew' | 'drain', handle: Asked): Promise<Stop> =>
    serveRequests(link, { clock, log }, [
      {
        ...{ subject: subjects.allAsks(what), queue },
        answer: async (minerId, { data, subject }) => {
          const answer = await handle(minerId, data).catch((error: unknown): AskAnswer => {
            log('error', 'request of a miner failed', { what, subject, reason: textOf(error) });
            return { ok: false, reason: 'the orchestrator could not do it now; ask again' };
          });
          return encodeMessage(askAnswer, answer);
        },
      },
    ]);

  return {
    onBeat: (hear) => listen(subjects.allBeats, hear),
    onAsk: (what, handle) => answerAll(what, answerOnce(handle)),
    onDrain: (handle) =>
      answerAll('drain', async (minerId, bytes) => {
        const wish = decodeMessage(drainWish, bytes, answerBytesMax);
        if (!wish.ok) return { ok: false, reason: `this is no request for a drain: ${wish.reason}` };
        return handle(minerId, wish.value);
      }),
    askConsole: (minerId, { vmId, bytesMax, after }) => {
      const what = `console of VM ${vmId} on miner ${minerId}`;
      const request = encodeMessage(consoleCall, { vmId, bytesMax: Math.min(bytesMax, consoleBytesMax), after });
      return callMiner(nc, subjects.call(minerId, 'console'), request, { what, answer: consoleAnswer });
    },
    askMetrics: (minerId, vmId) => {
      const what = `counters of VM ${vmId} on miner ${minerId}`;
      const request = encodeMessage(metricsCall, { vmId });
      return callMiner(nc, subjects.call(minerId, 'metrics'), request, { what, answer: metricsAnswer });
    },
    askBackup: (minerId, { vmId, manifestSha256 }) => {
      const what = `a backup of VM ${vmId} for miner ${minerId}`;
      const request = encodeMessage(backupCall, { vmId, manifestSha256 });
      return callMiner(nc, subjects.call(minerId, 'backup'), request, { what, answer: backupAnswer });
    },
  };
};

/** One orchestrator of several takes each. */
const queue = 'orchestrator';

/** Calls a miner and reads its answer. Rejects with BusUnavailable: nobody answered, the answer is none, or a refusal. */
const callMiner = async <Value>(
  nc: NatsConnection,
  subject: string,
  request: Uint8Array,
  { what, answer }: { readonly what: string; readonly answer: z.ZodType<CallAnswer<Value>> },
): Promise<Value> => {
  const bytes = await requested(nc, subject, request, { what, whom: 'the miner' });
  const decoded = decodeMessage(answer, bytes, answerBytesMax);
  if (!decoded.ok) throw unavailable(what, `the answer of the miner is not one: ${decoded.reason}`);
  if (!decoded.value.ok) throw unavailable(what, decoded.value.reason);
  return decoded.value.value;
};

const requested = async (
  nc: NatsConnection,
  subject: string,
  request: Uint8Array | undefined,
  { what, whom }: { readonly what: string; readonly whom: string },
): Promise<Uint8Array> => {
  try {
    return (await nc.request(subject, request, { timeout: requestTimeoutMs })).data;
  } catch (error) {
    throw unavailable(what, `${whom} did not answer (${textOf(error)})`, error);
  }
};

/** Asks and reads the answer, which may be a refusal. Rejects with BusUnavailable: nobody answered, or the answer is none. */
export const ask = async (
  nc: NatsConnection,
  subject: string,
  request: Uint8Array | undefined,
  { what, whom }: { readonly what: string; readonly whom: string },
): Promise<AskAnswer> => {
  const bytes = await requested(nc, subject, request, { what, whom });
  const decoded = decodeMessage(askAnswer, bytes, answerBytesMax);
  if (!decoded.ok) throw unavailable(what, `the answer of ${whom} is not one: ${decoded.reason}`);
  return decoded.value;
};

/** Asks and reads the answer's text. Rejects with BusUnavailable for a refusal too, with its reason. */
export const askFor = async (...asked: Parameters<typeof ask>): Promise<string> => {
  const answer = await ask(...asked);
  if (!answer.ok) throw unavailable(asked[3].what, answer.reason);
  return answer.text;
};

/** A miner that asks again while its answer is being made gets the same one: asking a thousand times costs one. */
const answerOnce = (handle: (minerId: string) => Promise<AskAnswer>): ((minerId: string) => Promise<AskAnswer>) => {
  const pending = new Map<string, Promise<AskAnswer>>();
  return (minerId) => {
    const asked = pending.get(minerId);
    if (asked !== undefined) return asked;
    const answer = handle(minerId).finally(() => pending.delete(minerId));
    pending.set(minerId, answer);
    return answer;
  };
};
