import { jetstreamManager } from '@nats-io/jetstream';
import type { OrchestratorBus } from '#events';
import { createAckedPublish } from './acked-publish.ts';
import { ensureTopology } from './ensure-topology.ts';
import { textOf } from './errors.ts';
import { publishAll, publishedSpan } from './event-message.ts';
import { serveGuests } from './guests.ts';
import { requestTimeoutMs } from './limits.ts';
import { type Link, type LinkOptions, openLink } from './link.ts';
import { createReportIntake } from './report-intake.ts';
import { createRequests } from './requests.ts';
import { withPatience } from './retry.ts';
import { createSpecBoard } from './spec-board.ts';
import { remakeMinerConsumer } from './topology.ts';
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
  const link = await openLink({ ...options, who, inboxPrefix: serviceInbox(who) });
  try {
    await keepTopology(link, options);
    return await openBus(link, options);
  } catch (error) {
    await link.close();
    throw error;
  }
};

const who = 'orchestrator';

/** A server that lost its store comes back empty; it is given its streams again, never changed ones. */
const keepTopology = async (link: Link, { clock, log, replicas = 1 }: OrchestratorBusOptions): Promise<void> => {
  const ensure = (): Promise<void> => ensureTopology(link.nc, { clock, replicas, signal: link.closing });
  await ensure();
  link.onReconnect(() => {
    ensure().catch((error: unknown) =>
      log('error', 'streams are not as they must be after a reconnect', { reason: textOf(error) }),
    );
  });
};

const openBus = async (link: Link, { clock, log }: OrchestratorBusOptions): Promise<NatsOrchestratorBus> => {
  const { nc, closing } = link;
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const js = jsm.jetstream();
  const publish = createAckedPublish(nc, who, { clock, signal: closing });
  let refused = 0;
  const onRefused = (): void => {
    refused += 1;
  };
  const specs = createSpecBoard({ jsm, clock, log, signal: closing });
  const reports = createReportIntake({ js, clock, log, closing, onRefused });
  const requests = createRequests({ link, clock, log, onRefused });

  return {
    publishEvents: (events) => publishAll(publish, events, { clock, signal: closing }),
    published: () => publishedSpan(jsm, { clock, signal: closing }),
    putSpec: specs.put,
    purgeSpec: specs.purge,
    resetWork: (minerId) => {
      const what = `reset the work of miner ${minerId}`;
      const patience = { clock, signal: closing, budgetMs: requestTimeoutMs, what };
      return withPatience(patience, () => remakeMinerConsumer(jsm, minerId));
    },
    onReport: async (handle) => reports.onReport(handle),
    onHost: async (handle) => reports.onHost(handle),
    onBeat: (handle) => requests.onBeat((minerId) => handle(minerId, clock.now())),
    onAsk: requests.onAsk,
    onDrain: requests.onDrain,
    askConsole: requests.askConsole,
    askMetrics: requests.askMetrics,
    askBackup: requests.askBackup,
    connectedSince: link.connectedSince,
    close: link.close,
    refusedMessages: () => refused,
    guests: { serve: (handlers) => serveGuests(link, handlers, { clock, log }) },
  };
};
