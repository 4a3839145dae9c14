import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createTally } from './tally.ts';

const sorted = (text: string): readonly string[] => text.trim().split('\n').sort();

test('given what is counted and observed / when it is written / then it is as prom-client writes it', async () => {
  const register = new Registry();
  const buckets = [0.1, 1, 10];
  const common = { name: 'hcc_x_seconds', help: 'Time of an x', labelNames: ['a', 'b'], registers: [register] };
  const theirs = new Histogram({ ...common, buckets });
  const ours = createTally('hcc_x_seconds', { type: 'histogram', help: 'Time of an x', labels: ['a', 'b'], buckets });
  for (const value of [0, 0.1, 0.25, 3, 10, 11, 0.5]) {
    const labels = { a: value > 1 ? 'slow' : 'say "no"', b: 'c\\d\ne' };
    theirs.observe(labels, value);
    ours.add(labels, value);
  }
  expect(sorted(ours.text())).toEqual(sorted(await register.metrics()));

  const counters = new Registry();
  const counter = new Counter({ name: 'hcc_y_total', help: 'Ys', labelNames: ['a'], registers: [counters] });
  const tally = createTally('hcc_y_total', { type: 'counter', help: 'Ys', labels: ['a'] });
  for (const [a, by] of [
    ['one', 1],
    ['two', 2],
    ['one', 40],
  ] as const) {
    counter.inc({ a }, by);
    tally.add({ a }, by);
  }
  expect(sorted(tally.text())).toEqual(sorted(await counters.metrics()));
});

test('given a counter without labels / when nothing was counted / then it is there and zero', () => {
  expect(createTally('hcc_z_total', { type: 'counter', help: 'Zs', labels: [] }).text()).toMatch(/^hcc_z_total 0$/m);
});
