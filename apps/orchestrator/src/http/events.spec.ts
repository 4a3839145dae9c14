import { describe, expect, it } from 'vitest';
import { type Booted, boot, furnished, newId } from '../../../../test/orchestrator/booted.ts';

type Page = {
  readonly items: readonly { readonly stream: string; readonly position: string; readonly hash: string }[];
  readonly position: string | null;
  readonly end: boolean;
};

const pages = async ({ must }: Booted, query: string): Promise<readonly Page[]> => {
  const found: Page[] = [];
  for (let after = ''; ; ) {
    const { body } = await must('GET', `/v1/events?limit=2${query}${after}`);
    const page = body as Page;
    found.push(page);
    if (page.end) return found;
    after = `&after=${page.position}`;
  }
};

describe('the log by pages', () => {
  it('given a log, when it is read page by page, then every event comes once, in order, and the end says so', async () => {
    const api = await boot();
    for (const name of ['a', 'b', 'c']) {
      await api.must('POST', '/v1/accounts', { body: { accountId: newId(), name } });
    }
    const read = await pages(api, '');
    const items = read.flatMap((page) => page.items);
    expect(items.length).toBeGreaterThanOrEqual(3);
    expect(new Set(items.map(({ position }) => position)).size).toBe(items.length);
    expect(read.at(-1)).toMatchObject({ end: true, position: items.at(-1)?.position });
  });

  it('given a filter that leaves a whole page out, then the page is empty, and says how far it has looked', async () => {
    const api = await boot();
    await furnished(api);
    const read = await pages(api, '&category=image,miner');
    expect(read.flatMap((page) => page.items)).toEqual([]);
    expect(read.at(-1)?.position).not.toBeNull();
  });

  it('given an end, then what comes after it is not shown', async () => {
    const api = await boot();
    await furnished(api);
    const all = (await pages(api, '')).flatMap((page) => page.items);
    const [first] = all;
    const read = await pages(api, `&until=${first?.position}`);
    expect(read).toHaveLength(1);
    expect(read[0]).toMatchObject({ end: true, position: first?.position, items: [{ hash: first?.hash }] });
  });

  it('given a token of an owner, a foreign position or an unknown category, then it is refused by name', async () => {
    const api = await boot();
    const { owner } = await furnished(api);
    expect(await api.call('GET', '/v1/events', { token: owner })).toMatchObject({ status: 403 });
    expect(await api.call('GET', '/v1/events?after=other.1')).toMatchObject({ body: { code: 'foreign-position' } });
    expect(await api.call('GET', '/v1/events?category=vm,cats')).toMatchObject({ body: { code: 'invalid-request' } });
  });

  it('given a moment, then it is where the log stood, nothing before it began, and refused when it has not come', async () => {
    const api = await boot();
    await furnished(api);
    const all = (await pages(api, '')).flatMap((page) => page.items);
    const at = (moment: string) => api.call('GET', `/v1/events/position?at=${moment}`);
    const head = all.at(-1)?.position;
    expect(await at(`${head}`)).toMatchObject({ status: 200, body: { position: head } });
    expect(await at('2020-01-01T00:00:00Z')).toMatchObject({ status: 200, body: { position: null } });
    for (const later of ['9999-01-01T00:00:00Z', `${head}9999`]) {
      expect(await at(later)).toMatchObject({ status: 422, body: { code: 'at-in-the-future' } });
    }
    expect(await at('2026-01-01')).toMatchObject({ status: 400, body: { code: 'at-unreadable' } });
  });
});
