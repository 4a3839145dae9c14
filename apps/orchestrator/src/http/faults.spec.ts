import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { ConcurrencyConflict, StoreUnavailable, streamName } from '#events';
import { boot, furnished, newId } from '../../../../test/orchestrator/booted.ts';
import { requested, teller, vmId } from '../../../../test/orchestrator/told.ts';

const open = { accountId: newId(), name: 'Ann' };

describe('when it cannot be done', () => {
  it('given a position of another store or one that never comes, then the first is refused and the second waited for', async () => {
    const api = await boot({ atLeastWaitMs: 30 });
    expect(await api.call('GET', '/v1/accounts?atLeast=nonsense')).toMatchObject({
      status: 400,
      body: { code: 'foreign-position' },
    });
    const made = await api.must('POST', '/v1/accounts', { body: { accountId: newId(), name: 'Ann' } });
    const future = made.body.position.replace(/[0-9]+$/, '99999');
    const behind = await api.call('GET', `/v1/accounts?atLeast=${future}`);
    expect(behind).toMatchObject({ status: 503, body: { code: 'read-model-behind', wanted: future } });
    expect(behind.headers.get('retry-after')).toBe('1');
  });

  it("given a store that is full, then 503 with its fault and nothing of the server's own", async () => {
    const memory = createMemoryEventStore();
    let full = false;
    const store = {
      ...memory,
      append: async (...args: Parameters<typeof memory.append>) => {
        if (full) throw new StoreUnavailable('disk-full', 'event store /secret/place: its disk is full');
        return memory.append(...args);
      },
    };
    const { call } = await boot({ store });
    full = true;
    const answer = await call('POST', '/v1/accounts', { body: { accountId: newId(), name: 'Ann' } });
    expect(answer).toMatchObject({ status: 503, body: { code: 'store-unavailable', fault: 'disk-full' } });
    expect(JSON.stringify(answer.body)).not.toContain('/secret/place');
  });

  it('given a fault nobody foresaw, then 500 without details, and the log has its stack under the same id', async () => {
    const lines: { message: string; fields: Readonly<Record<string, unknown>> | undefined }[] = [];
    const memory = createMemoryEventStore();
    const append: typeof memory.append = async (stream, events, expected) => {
      if (!stream.startsWith('account-')) return memory.append(stream, events, expected);
      throw new TypeError('hunter2 is undefined');
    };
    const store = { ...memory, append };
    const { call } = await boot({ store, log: (_level, message, fields) => lines.push({ message, fields }) });
    const answer = await call('POST', '/v1/accounts', { body: { accountId: newId(), name: 'Ann' } });
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
    expect(lines).toContainEqual({
      message: 'request failed',
      fields: { correlationId: answer.body.correlationId, error: expect.any(TypeError) },
    });
  });

  it('given a stream that always moves first, then 409 after a few tries, and nothing is recorded', async () => {
    const memory = createMemoryEventStore();
    let tries = 0;
    const append: typeof memory.append = async (stream, events, expected) => {
      if (!stream.startsWith('account-')) return memory.append(stream, events, expected);
      tries += 1;
      throw new ConcurrencyConflict(stream, expected, 7n);
    };
    const { call } = await boot({ store: { ...memory, append } });
    const answer = await call('POST', '/v1/accounts', { body: open });
    expect(answer).toMatchObject({ status: 409, body: { code: 'concurrency-conflict' } });
    // Once as if there were none, then read and tried again as often as any.
    expect(tries).toBe(5);
    expect(await memory.readStream(streamName('account', open.accountId))).toEqual([]);
  });

  it('given an event of a newer build on a stream, then its commands say so and all others go on', async () => {
    const store = createMemoryEventStore();
    const told = teller(store);
    await told.vm(vmId('a'), requested('a', 'ann'));
    await told.rawVm(vmId('a'), { type: 'VmRequested', version: 9, data: {} });
    const api = await boot({ store });
    expect(await api.call('POST', `/v1/vms/${vmId('a')}/stop`)).toMatchObject({
      status: 500,
      body: { code: 'unknown-event', fault: 'version' },
    });
    await furnished(api);
    const shown = async (path: string) => (await api.must('GET', path)).body.items;
    await expect
      .poll(() => shown('/v1/parked'))
      .toContainEqual(
        expect.objectContaining({ consumer: 'read-model', stream: `vm-${vmId('a')}`, eventType: 'VmRequested' }),
      );
    await expect.poll(() => shown('/v1/accounts')).toMatchObject([{ name: 'Ann' }]);
  });
});
