import { randomUUID } from 'node:crypto';
import { openSqliteStore, type SqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { ConcurrencyConflict, type StreamName, streamName } from '#events';
import { newEvent, newEvents } from '../new-events.ts';

// Another process on the store's file. Run: node --conditions=hcc-source sqlite-child.ts <command> <file> [argument]

const say = (line: string) => process.stdout.write(`${line}\n`);

const nextRevision = async ({ store }: SqliteStore, stream: StreamName): Promise<bigint> => {
  for (let from = 0n; ; ) {
    const page = await store.readStream(stream, { from });
    if (page.length === 0) return from;
    from += BigInt(page.length);
  }
};

/** Appends for ever to 16 streams at once, and says what was acknowledged. */
const appendForever = async (opened: SqliteStore): Promise<void> => {
  const writers = Array.from({ length: 16 }, async (_, writer) => {
    const stream = streamName('vm', `writer-${writer}`);
    for (let next = await nextRevision(opened, stream); ; ) {
      const events = newEvents((writer % 3) + 1, { pad: 'x'.repeat(200 * writer) });
      const expected = next === 0n ? ('no-stream' as const) : next - 1n;
      const { revision } = await opened.store.append(stream, events, expected);
      events.forEach(({ eventId }, index) => {
        say(`${stream} ${next + BigInt(index)} ${eventId}`);
      });
      next = revision + 1n;
    }
  });
  await Promise.all(writers);
};

/** Appends so many events, one by one, to a stream that others append to as well; says how often it lost. */
const race = async (opened: SqliteStore, count: number): Promise<void> => {
  const stream = streamName('vm', 'raced');
  let lost = 0;
  say('ready');
  for (let appended = 0; appended < count; ) {
    const next = await nextRevision(opened, stream);
    try {
      await opened.store.append(stream, [newEvent({ actor: 'system:child' })], next === 0n ? 'no-stream' : next - 1n);
      appended += 1;
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error;
      lost += 1;
    }
  }
  say(`lost ${lost}`);
};

const holdLease = async ({ leases }: SqliteStore): Promise<void> => {
  say(`token ${await leases.acquire('relay', 'child', 60_000)}`);
  for await (const _line of process.stdin) {
    await leases.release('relay', 'child');
    say('released');
  }
};

const [command, file = '', argument = ''] = process.argv.slice(2);
const opened = await openSqliteStore({ file, clock: createSystemClock(), ids: createRandomIds() });
if (command === 'append-forever') await appendForever(opened);
if (command === 'race') await race(opened, Number(argument));
if (command === 'hold-lease') await holdLease(opened);
if (command === 'append-one') await opened.store.append(streamName('vm', randomUUID()), [newEvent()], 'no-stream');
await opened.close();
