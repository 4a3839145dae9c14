import { expect, test } from 'vitest';
import { driftOf, minerConsumer, orchestratorConsumers, requireServerVersion, streams } from '#adapters/nats';

test('a server of 2.10 or newer will do; an older or unnamed one is refused with what to run', () => {
  for (const version of ['2.10.0', '2.10.27', 'v2.11.3', '2.15.1-RC.2', '3.0.0']) {
    expect(() => requireServerVersion(version, 'nats://a')).not.toThrow();
  }
  for (const version of ['2.9.10', '2.9.99', '1.4.1', '', undefined]) {
    expect(() => requireServerVersion(version, 'nats://a')).toThrow(/nats:\/\/a is version .*wanted 2\.10\.0 or newer/);
  }
});

test('every field that differs is named with both values; what we did not set is not looked at', () => {
  const wanted = { subjects: ['a', 'b'], max_msgs: -1, allow_direct: true, max_age: 0 };
  expect(driftOf('stream S', wanted, { ...wanted, sealed: true })).toEqual([]);
  expect(driftOf('stream S', wanted, { subjects: ['a', 'b'], max_msgs: -1, allow_direct: true })).toEqual([]);
  expect(driftOf('stream S', wanted, { subjects: ['a'], max_msgs: -1, max_age: 5 })).toEqual([
    { what: 'stream S', field: 'subjects', observed: '["a"]', wanted: '["a","b"]' },
    { what: 'stream S', field: 'allow_direct', observed: 'not set', wanted: 'true' },
    { what: 'stream S', field: 'max_age', observed: '5', wanted: '0' },
  ]);
});

test('no two streams take the same subject, and every consumer reads what its stream holds', () => {
  const taken = streams(1).flatMap(({ subjects }) => subjects);
  expect(taken).toEqual(['events.>', 'work.*.*', 'report.*.*', 'host.*']);
  expect(orchestratorConsumers.map(({ filter_subject }) => filter_subject)).toEqual(['report.*.*', 'host.*']);
  expect(streams(3).every(({ num_replicas }) => num_replicas === 3)).toBe(true);
});

test("a miner's consumer is filtered to that miner and delivers to its own subject", () => {
  const minerId = '11111111-2222-4333-8444-555555555555';
  expect(minerConsumer(minerId)).toMatchObject({
    durable_name: `miner_${minerId}`,
    filter_subject: `work.${minerId}.*`,
    deliver_subject: `spec.${minerId}`,
    deliver_policy: 'last_per_subject',
    ack_policy: 'explicit',
  });
});
