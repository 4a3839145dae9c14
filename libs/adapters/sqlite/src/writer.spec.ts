import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { admitAppend, type NewEvent, streamName } from '#events';
import { newEvent, newEvents } from '../../../../test/conformance/new-events.ts';
import { openForWriting } from './open-database.ts';
import type { AppendRequest } from './requests.ts';
import { createWriter } from './writer.ts';

/** A writer without its thread, and its connection. */
const openWriter = () => {
  const directory = mkdtempSync(join(tmpdir(), 'hcc-writer-'));
  const file = join(directory, 'events.db');
  const { db, storeId } = openForWriting(file, 'store-1');
  onTestFinished(() => {
    db.close();
    rmSync(directory, { recursive: true });
  });
  const count = () => db.prepare('SELECT count(*) FROM events').pluck().get();
  return { file, db, count, writer: createWriter(file, db, storeId) };
};

const append = (name: string, first: number, events: readonly NewEvent[]): AppendRequest => {
  const stream = streamName('vm', name);
  return { kind: 'append', stream, first, events: admitAppend(stream, events) };
};

test('given a group with conflicts in it / when it is committed / then only those fail, and later ones see what went before', () => {
  const { writer, count } = openWriter();
  const taken = newEvent({ eventId: 'taken' });
  const results = writer.commit([
    append('a', 0, [taken]),
    append('a', 0, [newEvent()]),
    append('b', 0, [...newEvents(2), taken]),
    append('b', 0, newEvents(2)),
    append('a', 1, [newEvent()]),
    append('c', 0, [taken]),
    append('a', 0, [taken]),
  ]);
  expect(results).toEqual([
    { kind: 'appended', revision: 0, count: 1 },
    { kind: 'conflict', actual: 0, duplicateId: null },
    { kind: 'conflict', actual: null, duplicateId: 'taken' },
    { kind: 'appended', revision: 1, count: 3 },
    { kind: 'appended', revision: 1, count: 4 },
    { kind: 'conflict', actual: null, duplicateId: 'taken' },
    { kind: 'appended', revision: 0, count: 1 },
  ]);
  expect(count()).toBe(4);
});

test('given a group that the disk has no room for / when it is committed / then all of it fails, nothing is written, and with room it goes on', () => {
  const { writer, db, file, count } = openWriter();
  const small = () => append('a', 1, [newEvent({ eventId: 'small' })]);
  writer.commit([append('a', 0, [newEvent()])]);
  const pages = db.pragma('page_count', { simple: true });
  db.pragma(`max_page_count = ${pages}`);
  const large = newEvents(20, { pad: 'x'.repeat(100_000) });
  const results = writer.commit([
    small(),
    { kind: 'save-checkpoint', consumer: 'relay', count: 1 },
    append('b', 0, large),
    append('c', 0, [newEvent()]),
  ]);
  expect(results).toHaveLength(4);
  for (const result of results) expect(result).toMatchObject({ kind: 'failed', fault: 'disk-full' });
  expect(results[0]).toMatchObject({ detail: expect.stringContaining(`event store ${file}: its disk is full`) });
  expect([count(), db.prepare('SELECT count(*) FROM checkpoints').pluck().get()]).toEqual([1, 0]);

  expect(writer.commit([small()])).toEqual([{ kind: 'appended', revision: 1, count: 2 }]);
  db.pragma('max_page_count = 100000');
  expect(writer.commit([append('b', 0, large)])).toEqual([{ kind: 'appended', revision: 19, count: 22 }]);
});
