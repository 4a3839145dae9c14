import { status } from '@grpc/grpc-js';
import { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventDataBytesMax, InvalidAppend, StoreUnavailable } from '#events';
import { openAt, storeUrl } from '../../../../test/conformance/kurrent-stores.ts';
import { freshStream, newEvent, newEvents } from '../../../../test/conformance/new-events.ts';
import { callError, notLeader } from '../../../../test/kurrent-server/messages.ts';
import { type KurrentServer, startKurrentServer } from '../../../../test/kurrent-server/server.ts';

// Answers that are no success, and what else lies in a database: each named, none guessed.

const serve = async (nodes = 1): Promise<KurrentServer> => {
  const server = await startKurrentServer({ nodes });
  onTestFinished(() => server.stop());
  return server;
};

const failureOf = (taken: Promise<unknown>): Promise<unknown> => taken.then(String, (error: unknown) => error);

describe('a node that does not lead', () => {
  test('given the address of a follower / when a store is opened there / then calls go on to the leader', async () => {
    const server = await serve(2);
    const { store } = await openAt(`kurrentdb://127.0.0.1:${server.nodes[1]?.port}?tls=false&discoveryInterval=10`);
    const stream = freshStream();
    await store.append(stream, newEvents(2), 'no-stream');
    expect(await store.readStream(stream)).toHaveLength(2);
  });

  test('given a cluster / when the leader moves, and moves back / then appends and reads follow it', async () => {
    const server = await serve(2);
    const { store, leases } = await openAt(server.clusterUrl);
    const stream = freshStream();
    await store.append(stream, newEvents(1), 'no-stream');
    for (const [leader, revision] of [
      [1, 1n],
      [0, 2n],
    ] as const) {
      server.lead(leader);
      expect((await store.append(stream, newEvents(1), revision - 1n)).revision).toBe(revision);
      expect((await store.readAll()).events).toHaveLength(Number(revision) + 1);
      expect(await leases.acquire('relay', 'a', 60_000)).toBe(1n);
    }
  });

  test('given a cluster whose leader dies / when another leads / then the store goes on', async () => {
    const server = await serve(2);
    const { store } = await openAt(server.clusterUrl);
    const stream = freshStream();
    await store.append(stream, newEvents(1), 'no-stream');
    server.nodes[0]?.stop();
    server.lead(1);
    expect((await store.append(stream, newEvents(1), 0n)).revision).toBe(1n);
    expect((await store.readAll()).events).toHaveLength(2);
  });

  test('given no election that ends / when an append has waited long enough / then it says not-leader and who leads', async () => {
    const server = await serve();
    const { store } = await openAt(server.url, { patienceMs: 300 });
    server.faults.refuse('append', notLeader({ host: '127.0.0.1', port: server.nodes[0]?.port ?? 0 }), 1_000);
    const failure = await failureOf(store.append(freshStream(), newEvents(1), 'no-stream'));
    expect(failure).toMatchObject({ fault: 'not-leader' });
    expect(String(failure)).toMatch(/the node is not the leader \(that is 127\.0\.0\.1:\d+\); wait for the election/);
  });
});

describe('a server that refuses', () => {
  test('given rights that are missing / when something is appended or read / then it says so at once', async () => {
    const server = await serve();
    const { store } = await openAt(server.url);
    const denied = callError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
    server.faults.refuse('append', denied);
    expect(await failureOf(store.append(freshStream(), newEvents(1), 'no-stream'))).toMatchObject({ fault: 'refused' });
    server.faults.refuse('read', denied);
    expect(await failureOf(store.head())).toMatchObject({ fault: 'refused' });
  });

  test('given credentials / when anything fails / then no error has them', async () => {
    const server = await serve();
    const address = `127.0.0.1:${server.nodes[0]?.port}`;
    const opening = openAt(`kurrentdb://admin:s3cr%40t@${address}?discoveryInterval=10`, { patienceMs: 200 });
    const failure = await failureOf(opening);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(`${failure} ${JSON.stringify(failure)} ${failure instanceof Error ? failure.stack : ''}`).not.toMatch(
      /s3cr/,
    );
  });

  test('given an append over what the server takes / then it is an append that is too large, with the way out', async () => {
    const server = await serve();
    const { store } = await openAt(server.url);
    const pad = 'x'.repeat(eventDataBytesMax - 100);
    const five = Array.from({ length: 5 }, () => newEvent({ data: { pad } }));
    const failure = await failureOf(store.append(freshStream(), five, 'no-stream'));
    expect(failure).toBeInstanceOf(InvalidAppend);
    expect(failure).toMatchObject({ reason: 'too-large', message: expect.stringContaining('--max-append-size') });
  });
});

describe('a database that holds more', () => {
  test('given streams of others and of the server / when all is read / then only ours come', async () => {
    const server = await serve();
    const { store, checkpoints } = await openAt(server.url);
    const client = KurrentDBClient.connectionString(server.url);
    onTestFinished(() => client.dispose());
    await client.appendToStream('orders-1', [foreignEvent]);
    const { position } = await store.append(freshStream(), newEvents(1), 'no-stream');
    await checkpoints.save('relay', position);
    await client.appendToStream('orders-1', [foreignEvent]);
    expect((await store.readAll()).events).toHaveLength(1);
    expect(await store.head()).toBe(position);
  });

  test('given two stores of different names in one database / when both are written / then neither sees the other', async () => {
    const server = await serve();
    const [a, b] = [await openAt(storeUrl(server.url)), await openAt(storeUrl(server.url))];
    const stream = freshStream();
    await a.store.append(stream, newEvents(2), 'no-stream');
    await b.store.append(stream, newEvents(1), 'no-stream');
    expect(a.store.storeId).not.toBe(b.store.storeId);
    expect((await a.store.readAll()).events).toHaveLength(2);
    expect((await b.store.readAll()).events).toHaveLength(1);
  });

  test('given a stream of ours that somebody else wrote to / when it is read or gone on with / then the event is named', async () => {
    const server = await serve();
    const { store } = await openAt(server.url);
    const client = KurrentDBClient.connectionString(server.url);
    onTestFinished(() => client.dispose());
    const stream = freshStream();
    await store.append(stream, newEvents(1), 'no-stream');
    await client.appendToStream(stream, [foreignEvent]);
    const calls = [store.readStream(stream), store.readAll(), store.append(stream, newEvents(1), 1n)];
    for (const failure of await Promise.all(calls.map(failureOf))) {
      expect(failure).toMatchObject({
        fault: 'corrupt',
        message: expect.stringContaining(`event 1 of ${stream} was not written by this program`),
      });
    }
  });
});

const foreignEvent = {
  id: '3f0e8f4c-1111-4000-8000-000000000001',
  contentType: 'application/json',
  type: 'OrderPlaced',
  data: { amount: 1 },
  metadata: undefined,
} as const;
