import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createSystemClock } from '#adapters/system';
import type { Clock } from '#events';
import { fakeApi, json, problem, type Route } from '../../../../test/cli/fake-api.ts';
import { limits } from '../limits.ts';
import { failureOf } from '../output/errors.ts';
import { createApi } from './api.ts';
import { createHttp } from './http.ts';
import { followStream, readStream } from './streams.ts';
import type { EventView } from './views.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const serve = async (routes: Readonly<Record<string, Route>>) => {
  const server = await fakeApi(routes);
  cleanups.push(server.close);
  return server;
};

const event = (revision: number): EventView => ({
  eventId: `e-${revision}`,
  type: 'VmStartRequested',
  version: 1,
  stream: 'vm-1',
  revision: revision.toString(),
  position: `p${revision}`,
  recordedAt: '2026-01-31T12:00:00.000Z',
  actor: 'owner:1',
  correlationId: 'c',
  causationId: 'c',
  data: {},
});

const sse = (revision: number): string =>
  `id: ${revision}\nevent: VmStartRequested\ndata: ${JSON.stringify(event(revision))}\n\n`;

describe('an ask', () => {
  test('carries the token, and parses the answer', async () => {
    const server = await serve({ 'GET /v1/thing': json({ a: 1, more: true }) });
    const http = createHttp({ url: server.url, token: 'hcc_1_secret' });
    expect(await http.ask('/v1/thing', z.object({ a: z.number() }))).toEqual({ a: 1 });
    expect(server.asked[0]?.headers.authorization).toBe('Bearer hcc_1_secret');
  });

  test('given a problem document, then it is refused with its code and data', async () => {
    const server = await serve({
      'GET /v1/vms/1': problem(409, 'vm-terminated', 'vm 1 is gone', { observed: 'terminated' }),
    });
    const failed = await createApi(createHttp({ url: server.url, token: null }))
      .vm('1')
      .catch(failureOf);
    expect(failed).toMatchObject({
      code: 'vm-terminated',
      message: 'vm 1 is gone',
      observed: 'terminated',
      exitCode: 1,
    });
  });

  test.each<[string, Route]>([
    ['a page of a proxy', (_asked, answer) => void answer.writeHead(502).end('<html>')],
    ['text that is not JSON', (_asked, answer) => void answer.end('hello')],
    ['another shape', json({ b: 1 })],
  ])('given %s, then it says so instead of guessing', async (_what, route) => {
    const server = await serve({ 'GET /v1/thing': route });
    const http = createHttp({ url: server.url, token: null });
    const failed = await http.ask('/v1/thing', z.object({ a: z.number() })).catch(failureOf);
    expect(failed).toMatchObject({ exitCode: 1, code: expect.stringMatching(/^(http-502|unexpected-answer)$/) });
  });

  test('given nobody listens, then it is unreachable, exit 3', async () => {
    const server = await fakeApi({});
    await server.close();
    const failed = await createHttp({ url: server.url, token: null }).ask('/v1/thing', z.unknown()).catch(failureOf);
    expect(failed).toMatchObject({ code: 'unreachable', exitCode: 3, observed: 'ECONNREFUSED' });
  });

  test('given no answer in time, then it is unreachable', async () => {
    const server = await serve({ 'GET /v1/thing': () => undefined });
    const http = createHttp({ url: server.url, token: null, timeoutMs: 50 });
    expect(await http.ask('/v1/thing', z.unknown()).catch(failureOf)).toMatchObject({
      code: 'unreachable',
      observed: 'no answer in time',
    });
  });

  test('given a connection that breaks half-way, then it is unreachable', async () => {
    const server = await serve({
      'GET /v1/thing': (_asked, answer) => {
        answer.writeHead(200, { 'content-length': 100 }).write('{');
        setImmediate(() => answer.destroy());
      },
    });
    const failed = await createHttp({ url: server.url, token: null }).ask('/v1/thing', z.unknown()).catch(failureOf);
    expect(failed).toMatchObject({ code: 'unreachable', exitCode: 3 });
  });
});

test('a list is read page by page until there is no next', async () => {
  const server = await serve({
    'GET /v1/parked': ({ query }, answer) => {
      answer.end(JSON.stringify(query.get('after') === null ? { items: [], next: 'x' } : { items: [], next: null }));
    },
  });
  expect(await createApi(createHttp({ url: server.url, token: null })).parked()).toEqual([]);
  expect(server.asked.map(({ query }) => query.get('after'))).toEqual([null, 'x']);
});

describe('a stream', () => {
  test('is read page by page until one is not full', async () => {
    const all = Array.from({ length: 1_203 }, (_, revision) => event(revision));
    const server = await serve({
      'GET /v1/streams/vm-1': ({ query }, answer) => {
        const [from, limit] = [Number(query.get('from')), Number(query.get('limit'))];
        answer.end(JSON.stringify({ items: all.slice(from, from + limit), next: null }));
      },
    });
    const api = createApi(createHttp({ url: server.url, token: null }));
    expect((await readStream(api, 'vm-1')).map(({ revision }) => Number(revision))).toEqual(
      all.map((_, index) => index),
    );
    expect(server.asked).toHaveLength(2);
  });

  const following = async (routes: Readonly<Record<string, Route>>, clock: Clock = createSystemClock()) => {
    const server = await serve(routes);
    const stop = new AbortController();
    const api = createApi(createHttp({ url: server.url, token: null }));
    const events = followStream(api, 'vm-1', { from: 2n, clock, signal: stop.signal });
    return { server, stop, events };
  };

  test('that breaks is opened again after the last event seen, and none is told twice', async () => {
    let connections = 0;
    const { server, stop, events } = await following({
      'GET /v1/streams/vm-1/follow': ({ query }, answer) => {
        connections += 1;
        answer.writeHead(200, { 'content-type': 'text/event-stream' });
        answer.write(': beat\n\n');
        const from = Number(query.get('from'));
        // The second connection repeats an event, as one that resumes carelessly would.
        answer.write(connections === 2 ? sse(from - 1) + sse(from) : sse(from) + sse(from + 1));
        answer.write(sse(99).slice(0, 20));
        if (connections < 3) setImmediate(() => answer.destroy());
      },
    });
    const seen: string[] = [];
    for await (const { revision } of events) {
      seen.push(revision);
      if (seen.length === 5) stop.abort();
    }
    expect(seen).toEqual(['2', '3', '4', '5', '6']);
    expect(server.asked.map(({ query }) => query.get('from'))).toEqual(['2', '4', '5']);
  });

  test('that skips an event is not believed', async () => {
    const { events } = await following({
      'GET /v1/streams/vm-1/follow': (_asked, answer) => void answer.write(sse(4)),
    });
    expect(await events.next().catch(failureOf)).toMatchObject({ code: 'stream-gap', wanted: 'revision 2' });
  });

  test('that is refused is not asked for again', async () => {
    const { events, server } = await following({
      'GET /v1/streams/vm-1/follow': problem(404, 'not-found', 'no such stream'),
    });
    expect(await events.next().catch(failureOf)).toMatchObject({ code: 'not-found' });
    expect(server.asked).toHaveLength(1);
  });

  test('given a server that is not ready, then it is asked again', async () => {
    let asked = 0;
    const { events, stop } = await following({
      'GET /v1/streams/vm-1/follow': (one, answer) => {
        asked += 1;
        if (asked === 1) problem(503, 'store-unavailable', 'busy')(one, answer);
        else answer.write(sse(2));
      },
    });
    expect(await events.next()).toMatchObject({ value: { revision: '2' } });
    stop.abort();
  });

  test('given a machine that slept for an hour, then it is opened again; given a server that stays away, then it is given up', async () => {
    const clock = createSystemClock();
    let sleptMs = 0;
    const sleepy = { ...clock, now: () => clock.now() + sleptMs, sleep: async () => undefined };
    let connections = 0;
    const { events } = await following(
      {
        'GET /v1/streams/vm-1/follow': (one, answer) => {
          connections += 1;
          if (connections <= 2) answer.write(sse(connections + 1));
          if (connections > 2) sleptMs += limits.reconnectForMs / 3;
          if (connections <= 2) setImmediate(() => answer.destroy());
          else problem(503, 'store-unavailable', 'busy')(one, answer);
        },
      },
      sleepy,
    );
    expect(await events.next()).toMatchObject({ value: { revision: '2' } });
    sleptMs += 3_600_000;
    expect(await events.next()).toMatchObject({ value: { revision: '3' } });
    expect(await events.next().catch(failureOf)).toMatchObject({ code: 'store-unavailable' });
    expect(connections).toBeGreaterThan(4);
  });
});
