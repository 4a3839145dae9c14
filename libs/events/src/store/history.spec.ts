import { expect, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { newEvents } from '../../../../test/conformance/new-events.ts';
import { streamName } from '../names.ts';
import { hasHistory } from './history.ts';

test('given an empty store, or one that says only what the network is / then there is no history', async () => {
  const store = createMemoryEventStore();
  expect(await hasHistory(store)).toBe(false);
  await store.append(streamName('network', 'main'), newEvents(1), 'no-stream');
  expect(await hasHistory(store)).toBe(false);
  await store.append(streamName('account', 'a'), newEvents(1), 'no-stream');
  expect(await hasHistory(store)).toBe(true);
});

test('given a log of an older build, which was told later what the network is / then it has a history', async () => {
  const store = createMemoryEventStore();
  await store.append(streamName('account', 'a'), newEvents(1), 'no-stream');
  await store.append(streamName('network', 'main'), newEvents(1), 'no-stream');
  expect(await hasHistory(store)).toBe(true);
});
