export { createMemoryBus, type MemoryBus, type MemoryBusOptions } from './bus.ts';
export type { BusFaults } from './bus-wire.ts';
export { createMemoryCheckpoints } from './checkpoints.ts';
export { createMemoryEventStore } from './event-store.ts';
export { createMemoryFoldSnapshots } from './fold-snapshots.ts';
export { createMemoryKeyVault } from './key-vault.ts';
export { createMemoryLeases } from './leases.ts';
export { createManualClock, type ManualClock } from './manual-clock.ts';
export { createSeededIds } from './seeded-ids.ts';
