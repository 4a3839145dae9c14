import { randomUUID } from 'node:crypto';
import { createMemoryEventStore } from '#adapters/memory';
import { describeEventStore } from '../../../../test/conformance/event-store.ts';

describeEventStore('memory', { open: async () => ({ store: createMemoryEventStore({ storeId: randomUUID() }) }) });
