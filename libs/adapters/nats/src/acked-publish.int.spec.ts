import { JetStreamApiError } from '@nats-io/jetstream';
import { errors, headers } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import { natsBinary, openNatsWorld } from '../../../../test/nats/nats-world.ts';
import { createAckedPublish } from './acked-publish.ts';

const binary = await natsBinary();

describe.skipIf(binary === null)('publishes on a real nats-server (needs nats-server 2.10 or newer)', () => {
  test('each is acknowledged by the stream that has it, or refused for its own reason', async () => {
    const world = await openNatsWorld(binary ?? '');
    const closing = new AbortController();
    try {
      const nc = await world.raw(await world.serviceIdentity('orchestrator'), '_INBOX_orchestrator');
      const publish = createAckedPublish(nc, 'orchestrator', { clock: createSystemClock(), signal: closing.signal });
      const body = new TextEncoder().encode('{}');
      const expecting = headers();
      expecting.set('Nats-Expected-Stream', 'ANOTHER');
      const [stored, ...refused] = await Promise.allSettled([
        publish('events.vm.a.VmRequested', body, headers()),
        publish('events.vm.b.VmRequested', body, expecting),
        publish('$SYS.nobody.may', body, headers()),
      ]);
      expect(stored).toEqual({ status: 'fulfilled', value: undefined });
      expect(refused.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual([
        expect.any(JetStreamApiError),
        expect.any(errors.PermissionViolationError),
      ]);
    } finally {
      closing.abort();
      await world.close();
    }
  });
});
