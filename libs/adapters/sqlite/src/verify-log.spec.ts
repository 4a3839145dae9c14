import { readFile, writeFile } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { admitAppend, streamName } from '#events';
import { newEvent } from '../../../../test/conformance/new-events.ts';
import { freshFile } from '../../../../test/conformance/sqlite-files.ts';
import { type LogReport, verifySqliteLog } from './verify-log.ts';
import { openWriter } from './writer.ts';

/** A closed file: streams `vm-a` and `vm-b`, event by event in turn. The third event of `vm-a` has position 5. */
const twoStreams = async (): Promise<string> => {
  const file = await freshFile();
  const writer = openWriter({ file, newStoreId: 'store' });
  for (const n of [0, 1, 2, 3, 4]) {
    for (const name of ['a', 'b']) {
      const event = newEvent({ eventId: `${name}${n}`, data: { n, text: '\u001f' }, traceparent: '00-aa-bb-01' });
      const stream = streamName('vm', name);
      writer.commit([{ kind: 'append', stream, first: n, events: admitAppend(stream, [event]) }]);
    }
  }
  writer.close();
  return file;
};

const verify = (file: string): Promise<LogReport> => verifySqliteLog({ file });

const tamper = (file: string, sql: string): void => {
  const db = new Database(file);
  db.exec('DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_removed');
  db.exec(sql);
  db.close();
};

test('given a log nobody touched / when it is verified / then it is whole', async () => {
  expect(await verify(await twoStreams())).toEqual({
    events: 10,
    streams: 2,
    fault: null,
    heads: null,
    integrity: 'ok',
  });
});

test.each([
  { column: 'stream', change: "'vm-c'", fault: 'revision' },
  { column: 'revision', change: '7', fault: 'revision' },
  { column: 'event_id', change: "'a9'", fault: 'hash' },
  { column: 'type', change: "'VmRequestee'", fault: 'hash' },
  { column: 'version', change: '3', fault: 'hash' },
  { column: 'data', change: "replace(data, '2', '3')", fault: 'hash' },
  { column: 'data', change: "replace(data, 'u001f', 'u001F')", fault: 'hash' },
  { column: 'data', change: "replace(data, '{', 'z')", fault: 'hash' },
  { column: 'recorded_at', change: "'2026-11-21T08:00:00.001Z'", fault: 'hash' },
  { column: 'actor', change: "'owner:alicf'", fault: 'hash' },
  { column: 'correlation_id', change: "'request-0'", fault: 'hash' },
  { column: 'causation_id', change: "'command-0'", fault: 'hash' },
  { column: 'traceparent', change: "'00-aa-bb-00'", fault: 'hash' },
  { column: 'traceparent', change: 'NULL', fault: 'hash' },
  { column: 'prev_hash', change: "replace(prev_hash, 'a', 'b')", fault: 'prev-hash' },
  { column: 'hash', change: "replace(hash, 'a', 'b')", fault: 'hash' },
])(
  'given the $column of one event set to $change / when the log is verified / then that event is named',
  async (given) => {
    const file = await twoStreams();
    tamper(file, `UPDATE events SET ${given.column} = ${given.change} WHERE position = 5`);
    const eventId = given.column === 'event_id' ? 'a9' : 'a2';
    expect((await verify(file)).fault).toMatchObject({ eventId, fault: given.fault });
  },
);

test.each([
  { what: 'an event removed', sql: 'DELETE FROM events WHERE position = 5', named: 'b2' },
  { what: 'the first event removed', sql: 'DELETE FROM events WHERE position = 1', named: 'b0' },
])('given $what / when the log is verified / then the event after the gap is named', async ({ sql, named }) => {
  const file = await twoStreams();
  tamper(file, sql);
  expect((await verify(file)).fault).toMatchObject({ eventId: named, fault: 'position' });
});

test.each([
  { what: 'to behind the end', sql: 'UPDATE events SET position = 50 WHERE position = 5', named: 'a2' },
  { what: 'from the beginning', sql: 'UPDATE events SET position = 1025 WHERE position = 1', named: 'a0' },
  { what: 'from the end', sql: 'UPDATE events SET position = 26 WHERE position = 10', named: 'b4' },
  { what: 'to before the beginning', sql: 'UPDATE events SET position = -5 WHERE position = 5', named: 'a2' },
  { what: 'from the end to nought', sql: 'UPDATE events SET position = 0 WHERE position = 10', named: 'b4' },
])('given an event moved $what / when the log is verified / then that event is named', async ({ sql, named }) => {
  const file = await twoStreams();
  tamper(file, sql);
  expect((await verify(file)).fault).toMatchObject({ eventId: named, fault: 'moved' });
});

test('given one event removed and the last one moved / when the log is verified / then no event is said to belong where it does not', async () => {
  const file = await twoStreams();
  tamper(file, 'DELETE FROM events WHERE position = 5; UPDATE events SET position = 50 WHERE position = 10');
  expect((await verify(file)).fault).toMatchObject({ eventId: 'b2', fault: 'position' });
});

test('given an event put in between by hand / when the log is verified / then it is named', async () => {
  const file = await twoStreams();
  tamper(
    file,
    `INSERT INTO events SELECT 11, stream, 5, 'forged', type, version, data, recorded_at, actor, correlation_id,
      causation_id, traceparent, prev_hash, hash FROM events WHERE position = 9`,
  );
  expect((await verify(file)).fault).toMatchObject({ eventId: 'forged', fault: 'prev-hash' });
});

test('given the file of a store / when somebody changes or removes an event with plain SQL / then the file refuses', async () => {
  const db = new Database(await twoStreams());
  expect(() => db.exec("UPDATE events SET type = 'VmFailed'")).toThrow('events are never changed');
  expect(() => db.exec('DELETE FROM events')).toThrow('events are never removed');
  db.close();
});

test('given one bit of the file itself flipped / when the log is verified / then the event it belongs to is named', async () => {
  const file = await twoStreams();
  const bytes = await readFile(file);
  const at = bytes.lastIndexOf('{"n":2');
  bytes.writeUInt8(bytes.readUInt8(at + 5) ^ 1, at + 5);
  await writeFile(file, bytes);
  // Rows lie in the file from the end of a page to its start, so the last one found is the first one written.
  expect(await verify(file)).toMatchObject({ integrity: 'ok', fault: { eventId: 'a2', fault: 'hash' } });
});
