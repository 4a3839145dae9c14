import { randomUUID } from 'node:crypto';
import { createMemoryCheckpoints, createMemoryEventStore } from '#adapters/memory';
import { describeCheckpoints } from '../../../../test/conformance/checkpoints.ts';

describeCheckpoints('memory', {
  open: async () => {
    const store = createMemoryEventStore({ storeId: randomUUID() });
    return { store, checkpoints: createMemoryCheckpoints(store) };
  },
});
