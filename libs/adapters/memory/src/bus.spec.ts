import { createManualClock, createMemoryBus } from '#adapters/memory';
import { describeBus } from '../../../../test/conformance/bus.ts';

describeBus('memory', {
  open: async () => {
    const clock = createManualClock(1_000);
    const bus = createMemoryBus({ clock });
    return {
      orchestrator: bus.orchestrator,
      miner: async (minerId) => bus.miner(minerId),
      deliver: async () => {
        await clock.advance(100);
        await bus.deliver();
      },
      close: async () => undefined,
    };
  },
});
