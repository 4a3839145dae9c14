import type { Msg, NatsConnection } from '@nats-io/transport-node';
import {
  type Admit,
  type AttestationHandlers,
  AttestationRefused,
  type AttestationRequest,
  type AttestationRequests,
  type AttesterBus,
  attestationBytesMax,
  attestationMessages,
  decodeMessage,
  encodeMessage,
  type Stop,
  subjects,
  type VerifierBus,
} from '#events';
import { answered, refusal } from './answered.ts';
import { textOf } from './errors.ts';
import { attestTimeoutMs } from './limits.ts';
import { type Link, type LinkOptions, openLink } from './link.ts';
import { unavailable } from './retry.ts';
import { serveRequests } from './serve-requests.ts';
import { serviceInbox } from './user-jwt.ts';

/** The attester's half on a miner's own connection. */
export const attesterBus = (nc: NatsConnection, minerId: string): AttesterBus => ({
  ask: async (what, message) => {
    const subject = subjects.attest(minerId, what);
    const { ask, answer } = attestationMessages[what];
    const bytes = await requested(nc, subject, encodeMessage<unknown>(ask, message));
    const decoded = decodeMessage(
      answered<AttestationRequests[typeof what]['answer']>(answer),
      bytes,
      attestationBytesMax,
    );
    if (!decoded.ok) throw unavailable(subject, `the answer of the attestor is not one: ${decoded.reason}`);
    if (decoded.value.ok) return decoded.value.value;
    throw new AttestationRefused(decoded.value.code, decoded.value.reason, decoded.value.retryInMs);
  },
  onDue: async (handle) => {
    const subscription = nc.subscribe(subjects.due(minerId), { callback: () => handle() });
    await nc.flush();
    return async () => subscription.unsubscribe();
  },
});

const requested = async (nc: NatsConnection, subject: string, request: Uint8Array): Promise<Uint8Array> => {
  try {
    return (await nc.request(subject, request, { timeout: attestTimeoutMs })).data;
  } catch (error) {
    throw unavailable(subject, `no attestor answered (${textOf(error)})`, error);
  }
};

export type VerifierBusOptions = Omit<LinkOptions, 'who' | 'inboxPrefix'>;

/** The verifier's side of the bus. Several attestors share the requests. Rejects with BusUnavailable when nobody answers. */
export const connectVerifierBus = async (options: VerifierBusOptions): Promise<VerifierBus> => {
  const link = await openLink({ ...options, who: 'attestor', inboxPrefix: serviceInbox('attestor') });
  const { nc } = link;
  return {
    serve: (handlers, admit) => serve(link, { ...options, handlers, admit }),
    due: (minerId) => nc.publish(subjects.due(minerId)),
    connectedSince: link.connectedSince,
    close: link.close,
  };
};

type Serving = Pick<VerifierBusOptions, 'clock' | 'log'> & {
  readonly handlers: AttestationHandlers;
  readonly admit: Admit;
};

const serve = (link: Link, { handlers, admit, clock, log }: Serving): Promise<Stop> => {
  const answerTo = async <What extends AttestationRequest>(
    what: What,
    minerId: string,
    message: Msg,
  ): Promise<Uint8Array> => {
    const { ask, answer } = attestationMessages[what];
    const envelope = answered<unknown>(answer);
    const refuse = (code: string, reason: string, retryInMs: number | null): Uint8Array =>
      encodeMessage(envelope, refusal(code, reason, retryInMs));
    try {
      admit(minerId, what);
      const decoded = decodeMessage<AttestationRequests[What]['ask']>(ask, message.data, attestationBytesMax);
      if (!decoded.ok) return refuse('malformed', `attest.<miner>.${what}: ${decoded.reason}`, null);
      return encodeMessage(envelope, { ok: true, value: await handlers[what](minerId, decoded.value) });
    } catch (error) {
      if (error instanceof AttestationRefused) return refuse(error.code, error.message, error.retryInMs);
      log('error', 'request of an attester failed', { what, minerId, reason: textOf(error) });
      return refuse('unavailable', 'the attestor could not do it now; ask again', retryMs);
    }
  };

  return serveRequests(
    link,
    { clock, log },
    requestNames.map((what) => ({
      subject: subjects.allAttestOf(what),
      // Each attestor hears the parts of lists: whoever gets the evidence has them, and none is lost with another.
      queue: what === 'ima' ? null : 'attestor',
      answer: (minerId, message) => answerTo(what, minerId, message),
    })),
  );
};

/** An attestor that could not answer is worth asking again after this. */
const retryMs = 2_000;

const requestNames: readonly AttestationRequest[] = [
  ...(['challenge', 'enrol', 'activate', 'chip', 'ima', 'evidence'] as const),
  ...(['guest-challenge', 'guest-evidence'] as const),
];
