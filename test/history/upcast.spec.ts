import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { silentLog } from '#edge';
import {
  categories,
  createCodec,
  createConsumer,
  type EventStore,
  eventIdOf,
  type JsonObject,
  streamName,
} from '#events';
import { foldable, type Projection } from '../../apps/orchestrator/src/projections/projection.ts';
import { rowAt } from '../../apps/orchestrator/src/projections/row-at.ts';
import { rowsDdl } from '../../apps/orchestrator/src/projections/rows-ddl.ts';
import { createRowsSink } from '../../apps/orchestrator/src/projections/rows-sink.ts';
import { createRowsWriter } from '../../apps/orchestrator/src/projections/rows-writer.ts';

// One event of ours has a second version, ImageRegistered, and its upcaster only adds. A wall that was painted in three
// versions stands in for the changes that are harder: a field that is called otherwise, and two upcasters one after the other.

type Painted = { readonly type: 'WallPainted'; readonly colour: string; readonly coats: number };
type Wall = { readonly colours: readonly string[]; readonly coats: number };

const codec = createCodec<Painted>({ WallPainted: z.strictObject({ colour: z.string(), coats: z.int() }) }, [
  { type: 'WallPainted', from: 1, up: ({ color, ...rest }) => ({ ...rest, colour: color ?? '' }) },
  { type: 'WallPainted', from: 2, up: (data) => ({ ...data, coats: 1 }) },
]);

const walls: Projection<Wall> = {
  name: 'walls',
  category: 'image',
  ddl: 'CREATE TABLE walls (wall TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;',
  fold: (row, recorded) => {
    const { colour, coats } = codec.decode(recorded);
    return { colours: [...(row?.colours ?? []), colour], coats: (row?.coats ?? 0) + coats };
  },
  open: (db, writes) => {
    const one = db.prepare<[string], string>('SELECT row FROM walls WHERE wall = ?').pluck();
    const put = writes.statement(
      'INSERT INTO walls (wall, row) VALUES (?, ?) ON CONFLICT (wall) DO UPDATE SET row = excluded.row',
    );
    const forget = writes.statement('DELETE FROM walls WHERE wall = ?');
    return {
      load: (wall) => {
        const text = one.get(wall);
        return text === undefined ? null : JSON.parse(text);
      },
      save: (wall, row) => put(wall, JSON.stringify(row)),
      remove: (wall) => forget(wall),
    };
  },
};

const everyVersion: readonly { readonly version: number; readonly data: JsonObject }[] = [
  { version: 1, data: { color: 'red' } },
  { version: 2, data: { colour: 'green' } },
  { version: 3, data: { colour: 'blue', coats: 2 } },
];
const wanted: Wall = { colours: ['red', 'green', 'blue'], coats: 4 };

const append = async (store: EventStore, n: number): Promise<void> => {
  const { version = 1, data = {} } = everyVersion[n] ?? {};
  const event = {
    ...{ eventId: eventIdOf(`paint-${n}`, 0), type: 'WallPainted', version, data },
    ...{ recordedAt: `2026-01-01T00:00:0${n}.000Z`, actor: 'system:test' as const },
    ...{ correlationId: `${n}`, causationId: `${n}`, traceparent: null },
  };
  await store.append(streamName('image', 'wall'), [event], n === 0 ? 'no-stream' : BigInt(n - 1));
};

/** Rows in a file of their own, filled by a consumer: once in one go, or event by event as they come. */
const followed = (store: EventStore) => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-wall-'));
  const db = new Database(join(dir, 'walls.sqlite'));
  onTestFinished(() => {
    db.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const projections = [foldable(walls)];
  db.exec(rowsDdl(projections));
  const sink = createRowsSink(db, projections, store);
  const consumer = createConsumer({ name: 'walls', store, clock: createManualClock(), sink, log: silentLog });
  return { follow: consumer.runOnce, wall: () => walls.open(db, createRowsWriter(db)).load('wall') };
};

test('given events of three versions / when they are followed live, replayed, or read as of a moment / then all read the same', async () => {
  const store = createMemoryEventStore();
  const live = followed(store);
  for (let n = 0; n < everyVersion.length; n += 1) {
    await append(store, n);
    await live.follow();
  }
  const replay = followed(store);
  await replay.follow();
  const head = await store.head();
  const past = head === null ? null : await rowAt(store, walls, 'wall', head, new Set());
  expect([live.wall(), replay.wall(), past?.row]).toEqual([wanted, wanted, wanted]);

  const second = await store.positionAt(Date.UTC(2026, 0, 1, 0, 0, 1));
  const then = second === null ? null : await rowAt(store, walls, 'wall', second, new Set());
  expect(then?.row).toEqual({ colours: ['red', 'green'], coats: 2 });
});

test('what is stored stays as it was stored: hashes and exports are of that, not of what it reads as', async () => {
  const store = createMemoryEventStore();
  for (let n = 0; n < everyVersion.length; n += 1) await append(store, n);
  const { events } = await store.readAll();
  expect(events.map(({ version, data }) => ({ version, data }))).toEqual(everyVersion);
});

test('there is one way to read a stored event: only the aggregates and the parking make codecs, and only the codec upcasts', () => {
  const found = sourcesOf('libs', 'apps').flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    const makes = /\bcreateCodec\b(<\w+>)?\(/.test(text) && !path.endsWith('/codec.ts');
    return makes || readsSchemas.test(text) ? [path] : [];
  });
  expect(found.sort()).toEqual(['libs/events/src/aggregates.ts', 'libs/events/src/parking-stream.ts']);
});

/** The stored form of any category, by the name its schemas go by. */
const readsSchemas = new RegExp(`import \\{[^}]*\\b(${categories.join('|')})Events\\b[^}]*\\} from '\\.[^']*schemas/`);

test.each([...categories])('what reads the stored form of %s events is seen by that', (category) => {
  expect(readsSchemas.test(`import { ${category}Events } from './schemas/${category}.ts';`)).toBe(true);
});

const sourcesOf = (...roots: readonly string[]): readonly string[] =>
  roots.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .map((name) => join(root, name)),
  );
