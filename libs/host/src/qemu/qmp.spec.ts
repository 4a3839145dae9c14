import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { QmpClient } from './qmp-client.ts';
import { parseQmpLine } from './qmp-message.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('reading QEMU’s lines', () => {
  test.each([
    ['{"QMP":{"version":{},"capabilities":[]}}', { kind: 'greeting' }],
    ['{"return":{},"id":7}', { kind: 'return', id: 7, value: {} }],
    [
      '{"error":{"class":"GenericError","desc":"no"},"id":7}',
      { kind: 'error', id: 7, errorClass: 'GenericError', detail: 'no' },
    ],
    ['{"timestamp":{"seconds":1},"event":"STOP"}', { kind: 'event', name: 'STOP', data: {} }],
    ['{"event":"SHUTDOWN","data":{"guest":true}}', { kind: 'event', name: 'SHUTDOWN', data: { guest: true } }],
    ['{"return', { kind: 'unusable', reason: 'not JSON' }],
    ['{"id":7}', { kind: 'unusable', reason: 'neither a greeting, an answer nor an event' }],
  ])('given %s / when it is read / then it is %j', (line, message) => {
    expect(parseQmpLine(line)).toEqual(message);
  });

  test('given any line at all / when it is read / then there is a message and no exception', () => {
    const keys = fc.constantFrom('return', 'error', 'event', 'id', 'data', 'QMP', '__proto__');
    const json = fc.oneof(
      fc.json(),
      fc.dictionary(keys, fc.jsonValue()).map((value) => JSON.stringify(value)),
    );
    fc.assert(fc.property(fc.oneof(fc.string(), json), (line) => typeof parseQmpLine(line).kind === 'string'));
  });
});

describe('talking to QEMU', () => {
  test('given a monitor / when a command is run / then its answer and QEMU’s refusals come back to whoever asked', async () => {
    const client = await QmpClient.connect(
      await monitor((socket, { execute, id }) => {
        if (execute === 'query-status') socket.write(`{"event":"RESUME"}\n{"return":{"running":true},"id":${id}}\n`);
        if (execute === 'nonsense') socket.write(`{"error":{"class":"CommandNotFound","desc":"unknown"},"id":${id}}\n`);
      }),
    );
    const events: string[] = [];
    client.onEvent(({ name }) => events.push(name));
    expect(await client.execute('query-status')).toEqual({ running: true });
    expect(events).toEqual(['RESUME']);
    await expect(client.execute('nonsense')).rejects.toMatchObject({ code: 'qmp-refused' });
    client.close();
  });

  test('given a monitor that falls silent or closes / when a command waits / then each has its own refusal', async () => {
    const client = await QmpClient.connect(
      await monitor((socket, { execute }) => {
        if (execute === 'die') socket.destroy();
      }),
    );
    await expect(client.execute('silence', {}, 30)).rejects.toMatchObject({ code: 'qmp-timed-out' });
    await expect(client.execute('die')).rejects.toMatchObject({ code: 'qmp-closed' });
    await client.closed;
    await expect(client.execute('late')).rejects.toMatchObject({ code: 'qmp-closed' });
  });

  test('given no socket / when connecting takes too long / then the refusal names the path', async () => {
    const connecting = QmpClient.connect('/nonexistent/qmp.sock', { timeoutMs: 60 });
    await expect(connecting).rejects.toMatchObject({
      code: 'qmp-unreachable',
      facts: { path: '/nonexistent/qmp.sock' },
    });
  });

  test('given a monitor that speaks nonsense / when it does / then the conversation ends', async () => {
    const path = await monitor((socket, { execute }) => {
      if (execute === 'query-name') socket.write('\u0000garbage\n');
    });
    const client = await QmpClient.connect(path);
    await expect(client.execute('query-name')).rejects.toMatchObject({ code: 'qmp-closed' });
  });
});

type Asked = { readonly execute: string; readonly id: number };

/** A server that speaks the monitor's side of the protocol; `answer` handles what comes after negotiation. */
async function monitor(answer: (socket: Socket, asked: Asked) => void): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-qmp-'));
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('{"QMP":{"version":{},"capabilities":["oob"]}}\r\n');
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        const asked: Asked = JSON.parse(line);
        if (asked.execute === 'qmp_capabilities') socket.write(`{"return":{},"id":${asked.id}}\r\n`);
        else answer(socket, asked);
      }
    });
  });
  const path = join(dir, 'qmp.sock');
  server.listen(path);
  await once(server, 'listening');
  cleanups.push(
    () => rm(dir, { recursive: true, force: true }),
    async () => server.close(),
  );
  return path;
}
