import { describe } from 'vitest';
import { describeBus } from '../../../../test/conformance/bus.ts';
import { natsBinary, openNatsWorld } from '../../../../test/nats/nats-world.ts';

const binary = await natsBinary();

describe.skipIf(binary === null)('on a real nats-server (needs nats-server 2.10 or newer)', () => {
  describeBus('nats', {
    open: async () => {
      const world = await openNatsWorld(binary ?? '');
      return {
        orchestrator: world.orchestrator,
        miner: world.miner,
        deliver: async () => undefined,
        close: world.close,
      };
    },
  });
});
