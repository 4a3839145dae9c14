import Database from 'better-sqlite3';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { silentLog } from '#edge';
import { createBareConsumer } from '#events';
import { openReadModel } from '../../apps/orchestrator/src/projections/read-model.ts';
import { writeLives } from './life.ts';
import { type Case, perSecond, warmedUp } from './pairs.ts';
import { freshPlace } from './place.ts';

const events = 60_000;

/**
 * The read model filled from nothing, against the bare driver reading the same rows and parsing their JSON. Warmed up: a
 * history that is worth a figure takes minutes, and each run here is half a second of them. More pairs than others have: a
 * third of them lie more than a tenth from the middle.
 */
export const catchUp: Case = {
  ...{ name: 'projection-catch-up', unit: 'events/s', bar: 0.4, better: 'more', pairs: 41 },
  open: async () => {
    const place = freshPlace();
    const clock = createSystemClock();
    const ids = createRandomIds();
    const file = place.path('log.sqlite');
    const { store, close } = await openSqliteStore({ file, clock, ids });
    const count = await writeLives(store, ids, events, { hosts: 16 });
    let run = 0;
    return warmedUp({
      ours: async () => {
        run += 1;
        const model = await openReadModel({ dir: place.path(`rows-${run}`), store, log: silentLog });
        const consumer = createBareConsumer({ name: 'read-model', store, clock, sink: model.sink, log: silentLog });
        const rate = await perSecond(count, async () => {
          while ((await consumer.runOnce()) > 0);
        });
        model.close();
        return rate;
      },
      raw: async () => {
        const db = new Database(file, { readonly: true });
        const rows = db.prepare<[number], { readonly position: number; readonly data: string }>(
          'SELECT * FROM events WHERE position > ? ORDER BY position LIMIT 1000',
        );
        let fields = 0;
        const rate = await perSecond(count, () => {
          for (let last = 0, page = rows.all(0); page.length > 0; page = rows.all(last)) {
            for (const row of page) fields += Object.keys(JSON.parse(row.data)).length;
            last = page.at(-1)?.position ?? last;
          }
        });
        db.close();
        if (fields === 0) throw new Error('BUG: nothing was read');
        return rate;
      },
      close: async () => {
        await close();
        place.remove();
      },
    });
  },
};
