import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../log.ts';
import { type MetricDefinition, metricCatalogue, metricsPage } from './catalogue.ts';
import { createMetrics } from './metrics.ts';
import { metricsDoor } from './metrics-door.ts';

const names = Object.entries<MetricDefinition>(metricCatalogue);

test('given the catalogue / when it is read / then names, units and labels are as people expect', () => {
  for (const [name, { type, help, labels, buckets }] of names) {
    expect(name).toMatch(/^hcc_[a-z]+(_[a-z]+)*$/);
    expect(help, name).toMatch(/\w+ \w+/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(buckets === undefined, name).toBe(type !== 'histogram');
    // An id in a label makes a series per VM for ever.
    for (const label of labels) expect(label, name).not.toMatch(/id$|vm$|miner$|account|token|stream/);
  }
});

test('given the page people read / when the catalogue changes / then the page must (npm run docs:metrics)', () => {
  expect(readFileSync('docs/reference/metrics.md', 'utf8')).toBe(metricsPage());
});

test('given figures / when they are asked for / then counters add up and gauges are as of now', async () => {
  const metrics = createMetrics();
  let waiting = 3;
  metrics.gauge('hcc_scheduler_timers', () => [{ labels: { kind: 'vm-deadline' }, value: waiting }]);
  metrics.count('hcc_beats_total', {});
  metrics.count('hcc_beats_total', {}, 2);
  metrics.observe('hcc_event_append_seconds', { outcome: 'ok' }, 0.004);
  expect(await metrics.text()).toContain('hcc_scheduler_timers{kind="vm-deadline"} 3');
  waiting = 1;
  const text = await metrics.text();
  expect(text).toContain('hcc_scheduler_timers{kind="vm-deadline"} 1');
  expect(text).toContain('hcc_beats_total 3');
  expect(text).toContain('hcc_event_append_seconds_bucket{le="0.005",outcome="ok"} 1');
});

test('given a gauge that cannot be read / when figures are asked for / then the others are given and the failure is counted', async () => {
  const metrics = createMetrics();
  metrics.gauge('hcc_ready', () => Promise.reject(new Error('the store is away')));
  metrics.gauge('hcc_lease_held', () => [{ labels: {}, value: 1 }]);
  await metrics.text();
  const text = await metrics.text();
  expect(text).toContain('hcc_lease_held 1');
  expect(text).toMatch(/hcc_metrics_failures_total\{metric="hcc_ready"\} [12]/);
});

test('given the door / when anything but GET /metrics is asked / then there is nothing', async () => {
  const metrics = createMetrics();
  const urls: string[] = [];
  const door = metricsDoor({
    ...{ metrics, host: '127.0.0.1', port: 0 },
    log: (_level, _message, fields) => urls.push(String(fields?.url)),
  });
  await door.start();
  onTestFinished(door.stop);
  const [url = ''] = urls;
  const found = await fetch(url);
  expect(found.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(await found.text()).toContain('nodejs_eventloop_lag_seconds');
  expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(404);
  expect((await fetch(new URL('/', url))).status).toBe(404);
  expect(await statusOf(url, { 'x-long': 'x'.repeat(20_000) })).toBe(431);
});

test('given a port that is taken / when the door starts / then it says which variable to mend', async () => {
  const metrics = createMetrics();
  const ports: number[] = [];
  const note = (_level: string, _message: string, fields?: Readonly<Record<string, unknown>>) =>
    void ports.push(Number(new URL(String(fields?.url)).port));
  const first = metricsDoor({ metrics, host: '127.0.0.1', port: 0, log: note });
  await first.start();
  onTestFinished(first.stop);
  const second = metricsDoor({ metrics, host: '127.0.0.1', port: ports[0] ?? 0, log: silentLog });
  await expect(second.start()).rejects.toThrow(/HCC_METRICS_PORT/);
});

const statusOf = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
