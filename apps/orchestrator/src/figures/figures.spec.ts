import { expect, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { createMetrics, type MetricDefinition, metricCatalogue } from '#edge';
import type { EventStore } from '#events';
import { until } from '../../../../test/conformance/until.ts';
import { boot } from '../../../../test/orchestrator/booted.ts';

/** One line of the Prometheus text format. */
type Line = { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number };

/** Reads the text format strictly; fails on a line that is none. */
const parse = (text: string): readonly Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', inner = '', value = ''] =
        /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([-+.\deE]+|\+Inf|Nan)$/.exec(line) ?? [];
      if (name === '') throw new Error(`no line of the text format: ${line}`);
      const labels = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, of]) => [key, of]);
      return { name, labels: Object.fromEntries(labels), value: Number(value) };
    });

const booted = async (store: EventStore = createMemoryEventStore()) => {
  const urls: string[] = [];
  const metrics = createMetrics();
  const world = await boot({
    store,
    ground: { metrics },
    metricsAt: { host: '127.0.0.1', port: 0 },
    log: (_level, message, fields) => message === 'metrics' && urls.push(String(fields?.url)),
  });
  const scrape = async () => {
    const lines = parse(await (await fetch(urls[0] ?? '')).text());
    const of = (name: string, labels: Readonly<Record<string, string>> = {}) =>
      lines.find(
        (line) => line.name === name && Object.entries(labels).every(([key, value]) => line.labels[key] === value),
      )?.value;
    return { lines, of };
  };
  return { ...world, metrics, scrape };
};

test('given an orchestrator / when figures are scraped / then every line is well formed, known and bounded', async () => {
  const { scrape, call } = await booted();
  await call('GET', '/v1/vms/no-such-vm');
  await call('GET', '/nothing/here/11111111-1111-4111-8111-111111111111');
  await until('it is ready', async () => (await scrape()).of('hcc_ready') === 1);
  const { lines } = await scrape();
  const catalogue = new Map<string, MetricDefinition>(Object.entries(metricCatalogue));
  const ours = lines.filter(({ name }) => name.startsWith('hcc_'));
  expect(ours.length).toBeGreaterThan(30);
  for (const { name, labels } of ours) {
    const found = catalogue.get(name) ?? catalogue.get(name.replace(/_(bucket|sum|count)$/, ''));
    expect(found, name).toBeDefined();
    expect([...(found?.labels ?? []), 'le']).toEqual(expect.arrayContaining(Object.keys(labels)));
    for (const value of Object.values(labels)) expect(value, name).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
  }
  expect(lines.some(({ name }) => name === 'process_cpu_seconds_total')).toBe(true);
});

test('given commands at the door / when figures are scraped / then appends, outcomes, routes and consumers tell of them', async () => {
  const { scrape, call } = await booted();
  const accountId = '0190f9d6-5c5f-7000-8000-000000000001';
  expect((await call('POST', '/v1/accounts', { body: { accountId, name: 'Ada' } })).status).toBe(202);
  await until('the read model has followed', async () => {
    const { of } = await scrape();
    return of('hcc_consumer_lag_events', { consumer: 'read-model' }) === 0;
  });
  const { of } = await scrape();
  expect(of('hcc_event_append_seconds_count', { outcome: 'ok' })).toBeGreaterThan(0);
  expect(of('hcc_events_appended_total', { category: 'account' })).toBeGreaterThan(0);
  expect(of('hcc_commands_total', { aggregate: 'account', outcome: 'done' })).toBe(1);
  expect(of('hcc_http_request_seconds_count', { method: 'POST', route: '/v1/accounts', status: '2xx' })).toBe(1);
  expect(of('hcc_consumer_stalled', { consumer: 'relay' })).toBe(0);
  expect(of('hcc_parked_events', { consumer: 'read-model' })).toBe(0);
  expect(of('hcc_lease_held')).toBe(1);
  expect(of('hcc_ledger_imbalance_credits')).toBe(0);
  expect(of('hcc_scheduler_shared')).toBe(1);
});
