import { jetstream } from '@nats-io/jetstream';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { silentLog } from '#edge';
import { createRelay, type RecordedEvent, subjects } from '#events';
import { natsBinary, openNatsWorld } from '../nats/nats-world.ts';
import { writeLives } from './life.ts';
import { type Case, perSecond } from './pairs.ts';
import { freshPlace, inFlight } from './place.ts';

const events = 10_000;
/** As many publishes as our bus has in flight. */
const flying = 256;

/** The relay from SQLite to JetStream, against bare asynchronous publishes of the same bytes. */
export const relay: Case = {
  ...{ name: 'relay-to-jetstream', unit: 'events/s', bar: 0.8, better: 'more', pairs: 11 },
  open: async () => {
    const binary = await natsBinary();
    if (binary === null) throw new Error('nats-server is not there; node dist/scripts/setup.js gets it');
    const world = await openNatsWorld(binary);
    const place = freshPlace();
    const clock = createSystemClock();
    const ids = createRandomIds();
    const raw = await world.raw(await world.serviceIdentity('orchestrator'), '_INBOX_orchestrator');
    const js = jetstream(raw);
    let run = 0;
    const freshStore = async () => {
      run += 1;
      const opened = await openSqliteStore({ file: place.path(`log-${run}.sqlite`), clock, ids });
      return { ...opened, count: await writeLives(opened.store, ids, events, { hosts: 16 }) };
    };
    return {
      ours: async () => {
        const { store, checkpoints, close, count } = await freshStore();
        const bus = { ...world.orchestrator, published: async () => null };
        const one = createRelay({ store, bus, checkpoints, clock, checkpoint: 'from-start', log: silentLog });
        const rate = await perSecond(count, async () => {
          while ((await one.runOnce()) > 0);
        });
        await close();
        return rate;
      },
      raw: async () => {
        const { store, close, count } = await freshStore();
        const all: RecordedEvent[] = [];
        for (
          let page = await store.readAll();
          page.events.length > 0;
          page = await store.readAll({ after: page.next })
        ) {
          all.push(...page.events);
        }
        const messages = all.map((event) => ({
          subject: subjects.event(event),
          msgID: event.eventId,
          body: JSON.stringify({ ...event, revision: event.revision.toString() }),
        }));
        const rate = await perSecond(count, () =>
          inFlight(count, flying, async (n) => {
            const message = messages[n];
            if (message !== undefined) await js.publish(message.subject, message.body, { msgID: message.msgID });
          }),
        );
        await close();
        return rate;
      },
      close: async () => {
        await raw.close();
        await world.close();
        place.remove();
      },
    };
  },
};
