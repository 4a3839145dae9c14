import { describe, expect, it, onTestFinished } from 'vitest';
import { contentDigest } from '#events';
import { type Booted, boot, furnished, newId } from '../../../../test/orchestrator/booted.ts';
import { manifest } from '../../../../test/orchestrator/told.ts';
import { followersPerAccountMax } from './limits.ts';

const digest = contentDigest(manifest);

type Message = {
  readonly id: string;
  readonly event: string;
  readonly data: { readonly type: string; readonly revision: string };
};

/** Reads server-sent events until `count` have come. */
const follow = async ({ url, operator }: Booted, path: string, headers: Readonly<Record<string, string>> = {}) => {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${operator}`, ...headers },
    signal: leaving.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const take = async (count: number): Promise<readonly Message[]> => {
    const found: Message[] = [];
    while (found.length < count) {
      const end = text.indexOf('\n\n');
      if (end === -1) {
        const chunk = await reader?.read();
        if (chunk === undefined || chunk.done) throw new Error(`the stream ended after ${found.length} of ${count}`);
        text += chunk.value;
        continue;
      }
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      if (data !== undefined)
        found.push({ id: field('id') ?? '', event: field('event') ?? '', data: JSON.parse(data) });
    }
    return found;
  };
  const ended = async (): Promise<boolean> => {
    for (;;) if ((await reader?.read())?.done !== false) return true;
  };
  return { response, take, ended, leave: () => leaving.abort() };
};

const withVm = async () => {
  const api = await boot();
  const { accountId } = await furnished(api);
  await api.must('POST', '/v1/images', { body: { digest, manifest } });
  const vmId = newId();
  const body = { vmId, accountId, name: 'web', flavorId: 'nano', imageDigest: digest };
  await api.must('POST', '/v1/vms', { body });
  return { api, vmId };
};

describe('following', () => {
  it('given a stream with a history, then the history comes first, then what happens, each once and in order', async () => {
    const { api, vmId } = await withVm();
    const live = await follow(api, `/v1/streams/vm-${vmId}/follow`);
    expect(live.response.headers.get('content-type')).toBe('text/event-stream');
    expect(live.response.headers.get('x-correlation-id')).toBeTruthy();
    const [first] = await live.take(1);
    expect(first).toMatchObject({ id: '0', event: 'VmRequested', data: { revision: '0', type: 'VmRequested' } });
    await api.must('DELETE', `/v1/vms/${vmId}`);
    const messages = [first];
    while (messages.at(-1)?.event !== 'VmTerminated') messages.push(...(await live.take(1)));
    expect(messages.map((message) => message?.id)).toEqual(messages.map((_, index) => `${index}`));
  });

  it('given a lost connection, when it comes back with Last-Event-ID, then it goes on after that', async () => {
    const { api, vmId } = await withVm();
    await api.must('DELETE', `/v1/vms/${vmId}`);
    const again = await follow(api, `/v1/streams/vm-${vmId}/follow`, { 'last-event-id': '0' });
    expect((await again.take(1))[0]?.id).toBe('1');
    const from = await follow(api, `/v1/streams/vm-${vmId}/follow?from=1`);
    expect((await from.take(1))[0]?.id).toBe('1');
  });

  it('given the whole log, then one category can be followed, and gone on with by position', async () => {
    const { api } = await withVm();
    const all = await follow(api, '/v1/events/follow?category=image');
    const [registered] = await all.take(1);
    expect(registered?.event).toBe('ImageRegistered');
    const rest = await follow(api, '/v1/events/follow', { 'last-event-id': registered?.id ?? '' });
    expect((await rest.take(1))[0]?.event).toBe('VmRequested');
  });

  it('given an owner, then of the whole log it hears its own streams only, and goes on by position', async () => {
    const { api } = await withVm();
    const { accountId, owner } = await furnished(api);
    const vmId = newId();
    await api.must('POST', '/v1/vms', {
      body: { vmId, accountId, name: 'hers', flavorId: 'nano', imageDigest: digest },
    });
    const own = await follow({ ...api, operator: owner }, '/v1/events/follow');
    const heard = await own.take(5);
    const types = heard.map(({ event }) => event);
    expect(types.slice(0, 4)).toEqual(['AccountOpened', 'CreditsDeposited', 'SshKeyAdded', 'ApiTokenIssued']);
    expect(types[4]).toBe('VmRequested');
    const after = encodeURIComponent(heard[3]?.id ?? '');
    const rest = await follow({ ...api, operator: owner }, `/v1/events/follow?after=${after}`);
    expect((await rest.take(1))[0]?.event).toBe('VmRequested');
  });

  it('given a wrong position or Last-Event-ID, then it is refused before anything is streamed', async () => {
    const { api, vmId } = await withVm();
    expect((await api.call('GET', '/v1/events/follow?after=x')).body.code).toBe('foreign-position');
    const headers = { 'last-event-id': 'x' };
    expect((await api.call('GET', `/v1/streams/vm-${vmId}/follow`, { headers })).body.code).toBe('invalid-request');
  });

  it('given open streams, when the orchestrator stops, then they end and it does not wait for them', async () => {
    const { api, vmId } = await withVm();
    const live = await follow(api, `/v1/streams/vm-${vmId}/follow`);
    await live.take(1);
    await Promise.all([api.lifecycle.stop(), live.ended()]);
    await expect(fetch(`${api.url}/healthz`)).rejects.toThrow();
  });

  it('given an account with all the streams it may follow, then one more is refused, and another account still follows', async () => {
    const { api, vmId } = await withVm();
    const path = `/v1/streams/vm-${vmId}/follow`;
    const open = [];
    for (let count = 0; count < followersPerAccountMax; count += 1) open.push(await follow(api, path));
    expect(await api.call('GET', path)).toMatchObject({
      status: 429,
      body: { code: 'too-many-followers', observed: followersPerAccountMax, wanted: followersPerAccountMax },
    });
    const { accountId, owner } = await furnished(api);
    const other = await follow({ ...api, operator: owner }, `/v1/streams/account-${accountId}/follow`);
    expect((await other.take(1))[0]?.event).toBe('AccountOpened');
    open[0]?.leave();
    await expect.poll(async () => (await follow(api, path)).response.status).toBe(200);
  });
});
