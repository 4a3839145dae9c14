import { describe, expect, onTestFinished, test } from 'vitest';
import { type EventStore, findChainFault, StoreUnavailable } from '#events';
import { openAt } from '../../../../test/conformance/kurrent-stores.ts';
import { freshStream, newEvent, newEvents, readEverything, take } from '../../../../test/conformance/new-events.ts';
import { type KurrentServer, startKurrentServer } from '../../../../test/kurrent-server/server.ts';

// What the adapter makes of a server that goes, comes back, is slow or loses answers. Test server only: a real one takes no orders.

const serve = async (nodes = 1): Promise<KurrentServer> => {
  const server = await startKurrentServer({ nodes });
  onTestFinished(() => server.stop());
  return server;
};

const follow = (store: EventStore, count: number) => {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  return take(store.subscribe({ after: null, signal: abort.signal }), count);
};

const failureOf = (taken: Promise<unknown>): Promise<unknown> => taken.then(String, (error: unknown) => error);

describe('a server that goes and comes back', () => {
  test('given a restart / when reads and appends follow / then they succeed without anybody doing anything', async () => {
    const server = await serve();
    const { store } = await openAt(server.url);
    const [stream, events] = [freshStream(), newEvents(2)];
    await store.append(stream, events, 'no-stream');
    await server.restart();
    expect(await store.readStream(stream)).toHaveLength(2);
    await server.restart();
    expect((await store.append(stream, newEvents(2), 1n)).revision).toBe(3n);
    expect(findChainFault(await readEverything(store))).toBeNull();
  });

  test('given 256 appends on their way / when the server restarts / then each is recorded once, in whole chains', async () => {
    const server = await serve();
    const { store } = await openAt(server.url);
    await store.head();
    const streams = Array.from({ length: 256 }, freshStream);
    const appends = streams.map((stream) => store.append(stream, newEvents(2), 'no-stream'));
    await server.restart();
    await Promise.all(appends);
    const everything = await readEverything(store);
    expect(everything).toHaveLength(512);
    for (const events of Map.groupBy(everything, ({ stream }) => stream).values()) {
      expect(events.map(({ data }) => data.n)).toEqual([0, 1]);
    }
  });

  test.each(['url', 'clusterUrl'] as const)(
    'given all nodes of the %s gone for longer than anybody waits / when they are back / then the same store works again',
    async (name) => {
      const server = await serve(name === 'url' ? 1 : 2);
      const { store } = await openAt(server[name], { patienceMs: 600 });
      const stream = freshStream();
      await store.append(stream, newEvents(1), 'no-stream');
      server.stop();
      const [append, ...reads] = [store.append(stream, newEvents(1), 0n), store.readAll(), store.head()].map(failureOf);
      for (const failure of await Promise.all(reads)) {
        expect(failure).toBeInstanceOf(StoreUnavailable);
        expect(failure).toMatchObject({ fault: 'unreachable' });
        expect(String(failure)).toMatch(
          /event store kurrentdb:\/\/127\.0\.0\.1:[0-9,.:]+: ".+" failed: .*; check that/,
        );
      }
      // It may have been on its way when the connection went.
      expect(await append).toMatchObject({ fault: expect.stringMatching(/^(unreachable|in-doubt)$/) });
      for (const node of server.nodes) await node.start();
      expect((await store.append(stream, newEvents(1), 0n)).revision).toBe(1n);
      expect((await store.readAll()).events).toHaveLength(2);
    },
  );

  test('given a server that is gone / when the store closes / then it does not wait for it, and what did is told', async () => {
    const server = await serve();
    const { store } = await openAt(server.url, { patienceMs: 60_000 });
    server.stop();
    const waiting = [store.head(), store.append(freshStream(), newEvents(1), 'no-stream')].map(failureOf);
    await store.close();
    for (const failure of await Promise.all(waiting)) expect(failure).toBeInstanceOf(StoreUnavailable);
  });

  test('given a server that is not there / when a store is opened / then it says which and gives up in time', async () => {
    const server = await serve();
    server.stop();
    const failure = await failureOf(openAt(server.url, { patienceMs: 300 }));
    expect(failure).toMatchObject({ fault: 'unreachable' });
    expect(String(failure)).toContain(`127.0.0.1:${server.nodes[0]?.port}`);
  });
});

describe('readers of a server that fails', () => {
  test('given a subscriber that waits / when the server restarts and pushes stop / then it misses and repeats nothing', async () => {
    const server = await serve();
    const { store } = await openAt(server.url);
    const stream = freshStream();
    const seen = follow(store, 6);
    await store.append(stream, newEvents(2), 'no-stream');
    await server.restart();
    await store.append(stream, newEvents(2), 1n);
    server.faults.dropStreams();
    await store.append(stream, newEvents(2), 3n);
    expect(await seen).toEqual(await store.readStream(stream));
  });

  test('given appends of another process / when the subscription was dropped / then they are seen all the same', async () => {
    const server = await serve();
    const [here, elsewhere] = [await openAt(server.url), await openAt(server.url)];
    expect(elsewhere.store.storeId).toBe(here.store.storeId);
    const seen = follow(here.store, 3);
    await elsewhere.store.append(freshStream(), newEvents(1), 'no-stream');
    server.faults.dropStreams();
    server.faults.hang('subscribe', 3);
    await elsewhere.store.append(freshStream(), newEvents(2), 'no-stream');
    expect(await seen).toEqual((await elsewhere.store.readAll()).events);
  });

  test('given a page that breaks off in the middle / when it is read / then it comes whole', async () => {
    const server = await serve();
    const { store } = await openAt(server.url);
    const stream = freshStream();
    await store.append(stream, newEvents(10), 'no-stream');
    server.faults.cut('read', 2, 4);
    expect((await store.readAll()).events).toHaveLength(10);
    server.faults.cut('read', 1, 7);
    expect(await store.readStream(stream)).toHaveLength(10);
  });

  test('given a read that is never answered / when its time is over / then it is asked again', async () => {
    const server = await serve();
    const { store } = await openAt(server.url, { callTimeoutMs: 250 });
    await store.append(freshStream(), newEvents(3), 'no-stream');
    server.faults.hang('read');
    expect((await store.readAll()).events).toHaveLength(3);
  });
});

describe('appends whose answer is lost', () => {
  test.each(['cut', 'hang'] as const)(
    'given an append whose answer is lost (%s) / when it is sent again / then it is recorded once and has its result',
    async (how) => {
      const server = await serve();
      const { store } = await openAt(server.url, { callTimeoutMs: 250 });
      const stream = freshStream();
      await store.append(stream, newEvents(1), 'no-stream');
      server.faults[how]('append', 2);
      const appended = await store.append(stream, newEvents(1), 0n);
      const events = await store.readStream(stream);
      expect(events.map(({ revision }) => revision)).toEqual([0n, 1n]);
      expect(appended).toEqual({ revision: 1n, position: events[1]?.position });
      expect(findChainFault(events)).toBeNull();
    },
  );

  test('given an append whose answers are lost for good / then it is in doubt; its repeat finds that it was recorded', async () => {
    const server = await serve();
    const { store } = await openAt(server.url, { patienceMs: 200 });
    const [stream, events] = [freshStream(), newEvents(2)];
    server.faults.cut('append', 100);
    const failure = await failureOf(store.append(stream, events, 'no-stream'));
    expect(failure).toMatchObject({ fault: 'in-doubt' });
    expect(String(failure)).toContain('repeat it');
    server.faults.clear();
    expect((await store.append(stream, events, 'no-stream')).revision).toBe(1n);
    expect(await readEverything(store)).toHaveLength(2);
  });

  test('given two processes that append the same id with other content / when the server would call it a repeat / then the second is a conflict', async () => {
    const server = await serve();
    const [here, elsewhere] = [await openAt(server.url), await openAt(server.url)];
    const [stream, event] = [freshStream(), newEvent()];
    await here.store.append(stream, newEvents(1), 'no-stream');
    await elsewhere.store.readStream(stream);
    await here.store.append(stream, [event], 0n);
    const late = elsewhere.store.append(stream, [{ ...event, recordedAt: '2026-11-21T09:00:00.000Z' }], 0n);
    await expect(late).rejects.toMatchObject({ name: 'ConcurrencyConflict', actual: 1n });
    await elsewhere.store.append(stream, newEvents(1), 1n);
    expect(findChainFault(await here.store.readStream(stream))).toBeNull();
  });
});
