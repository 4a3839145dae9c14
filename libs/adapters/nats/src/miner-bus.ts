import { jetstream } from '@nats-io/jetstream';
import type { z } from 'zod';
import {
  type AttesterBus,
  drainWish,
  encodeMessage,
  hostReport,
  type MinerBus,
  reportBytesMax,
  subjects,
  vmReport,
} from '#events';
import { attesterBus } from './attestation.ts';
import { answerCalls } from './calls.ts';
import { guestBus } from './guests.ts';
import { publishBudgetMs, publishTimeoutMs, specsInFlightMax } from './limits.ts';
import { type Link, type LinkOptions, openLink } from './link.ts';
import { ask, askFor } from './requests.ts';
import { unavailable, withPatience } from './retry.ts';
import { createSerial } from './serial.ts';
import { receiveSpecs } from './specs.ts';
import { minerInbox } from './user-jwt.ts';

export type MinerBusOptions = Omit<LinkOptions, 'who' | 'inboxPrefix'> & { readonly minerId: string };

/** A miner's whole bus: its work, its attestation, and what its guests ask, on the same connection. */
export type NatsMinerBus = MinerBus & { readonly attestation: AttesterBus };

/** A miner's side of the bus, on its own subjects only. Rejects with BusUnavailable when nobody answers or the credentials are refused. */
export const connectMinerBus = async (options: MinerBusOptions): Promise<NatsMinerBus> => {
  const { minerId } = options;
  const link = await openLink({ ...options, who: `miner ${minerId}`, inboxPrefix: minerInbox(minerId) });
  return openBus(link, options);
};

const openBus = (link: Link, { minerId, clock, log }: MinerBusOptions): NatsMinerBus => {
  const { nc, closing } = link;
  const js = jetstream(nc);
  // One report of a subject at a time: a repeated older one must not replace a newer.
  const sending = createSerial(specsInFlightMax);

  const send = async <Message>(subject: string, schema: z.ZodType<Message>, message: Message): Promise<void> => {
    const body = encodeMessage(schema, message);
    const what = `report on ${subject}`;
    if (body.length > reportBytesMax)
      throw unavailable(what, `${body.length} bytes, at most ${reportBytesMax} are taken`);
    await sending.run(subject, () =>
      withPatience({ clock, signal: closing, budgetMs: publishBudgetMs, what }, () =>
        js.publish(subject, body, { timeout: publishTimeoutMs }),
      ),
    );
  };

  const askOf = (what: 'sync' | 'renew'): Promise<string> => {
    const subject = subjects.ask(minerId, what);
    return askFor(nc, subject, undefined, { what: subject, whom: 'the orchestrator' });
  };
  const sync = async (): Promise<void> => {
    await askOf('sync');
  };

  return {
    onSpec: (handle) => receiveSpecs({ link, js, minerId, clock, log, sync, handle }),
    sync,
    renew: () => askOf('renew'),
    drain: (wish) => {
      const subject = subjects.ask(minerId, 'drain');
      return ask(nc, subject, encodeMessage(drainWish, wish), { what: subject, whom: 'the orchestrator' });
    },
    report: (report) => send(subjects.report(minerId, report.vmId), vmReport, report),
    reportHost: (report) => send(subjects.host(minerId), hostReport, report),
    beat: () => {
      if (link.connectedSince() !== null) nc.publish(subjects.beat(minerId));
    },
    onCalls: (handlers) => answerCalls({ nc, minerId, log, handlers }),
    attestation: attesterBus(nc, minerId),
    guests: guestBus(nc, minerId),
    close: link.close,
  };
};
