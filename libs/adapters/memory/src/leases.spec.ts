import { createMemoryLeases } from '#adapters/memory';
import { describeLeases } from '../../../../test/conformance/leases.ts';

describeLeases('memory', { open: async (clock) => ({ leases: createMemoryLeases(clock), close: async () => {} }) });
