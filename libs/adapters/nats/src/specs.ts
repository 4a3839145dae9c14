import type { JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { DesiredSpec } from '#domain';
import {
  type Clock,
  decodeMessage,
  desiredSpec,
  type Handled,
  jetstreamStreams,
  type Stop,
  specBytesMax,
  subjects,
  vmIdOf,
} from '#events';
import { textOf } from './errors.ts';
import { heartbeatMs, heartbeatsMissedMax, specsInFlightMax } from './limits.ts';
import type { Link } from './link.ts';
import { createSerial } from './serial.ts';
import { refuse, settle } from './settle.ts';
import type { BusLog } from './status.ts';
import { minerConsumerName } from './topology.ts';

export type ReceiveSpecsOptions = {
  readonly link: Link;
  readonly js: JetStreamClient;
  readonly minerId: string;
  readonly clock: Clock;
  readonly log: BusLog;
  /** Asks for this miner's consumer to be made anew. */
  readonly sync: () => Promise<void>;
  readonly handle: (spec: DesiredSpec) => Promise<Handled>;
};

/**
 * Takes what the server pushes from this miner's consumer. Specs of one VM are handled one after the other. When the
 * consumer's heartbeats stop though we are connected (its server lost its store), it asks for the consumer again.
 */
export const receiveSpecs = async (options: ReceiveSpecsOptions): Promise<Stop> => {
  const { link, js, minerId, clock, log, sync, handle } = options;
  const handling = createSerial(specsInFlightMax);
  let stopped = false;

  const take = (message: JsMsg): void => {
    if (stopped || !isOwn(message, minerId)) return;
    const decoded = decodeMessage(desiredSpec, message.data, specBytesMax);
    const isOfSubject = decoded.ok && decoded.value.vmId === vmIdOf(message.subject);
    if (!decoded.ok || !isOfSubject) {
      refuse(message, decoded.ok ? 'the subject names another VM than the spec' : decoded.reason, log);
      return;
    }
    // Settled around the queue, not in it: a spec that waits is held, and says so.
    void settle(message, () => handling.run(message.subject, () => handle(decoded.value)), { clock, log });
  };

  const messages = await (
    await js.consumers.getBoundPushConsumer({
      deliver_subject: subjects.spec(minerId),
      idle_heartbeat: nanos(heartbeatMs),
    })
  ).consume({ callback: take });
  await link.nc.flush();

  const watch = async (): Promise<void> => {
    for await (const notice of messages.status()) {
      if (notice.type !== 'heartbeats_missed' || notice.count % heartbeatsMissedMax !== 0) continue;
      if (stopped || link.connectedSince() === null) continue;
      log('warn', 'no work is delivered; asking for it anew', { minerId, heartbeatsMissed: notice.count });
      await sync().catch((error: unknown) => log('warn', 'asking failed', { minerId, reason: textOf(error) }));
    }
  };
  const watching = watch();

  return async () => {
    stopped = true;
    messages.stop();
    await watching;
    await handling.idle();
  };
};

/** Whether JetStream delivered it from this miner's consumer. A neighbour can make the server send here, but not with an acknowledgement subject. */
const isOwn = (message: JsMsg, minerId: string): boolean => {
  try {
    const { stream, consumer } = message.info;
    return stream === jetstreamStreams.work && consumer === minerConsumerName(minerId);
  } catch {
    return false;
  }
};
