import { expect, test } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import type { AttesterId } from '#domain';
import { type EventStore, StoreUnavailable } from '#events';
import { uuid } from '../../../../test/domain/samples.ts';
import { type AttesterCommand, createAttesters } from './attesters.ts';

const attesterId = uuid<AttesterId>(1);
const clock = createManualClock(Date.UTC(2026, 0, 31, 12));

const enrolled = (akName: string, n: number): AttesterCommand => ({
  ...{ attesterId, commandId: uuid(n), actor: `miner:${attesterId}` },
  command: {
    ...{ type: 'EnrolAttestationKey', now: clock.now(), attesterId, akPublic: 'AAA=', akName },
    ...{ ekPublicSha256: 'a'.repeat(64), ekCertificateSha256: null, vendor: null, isSimulated: true },
  },
});

test('given two attestors on one store / when each writes / then each sees what the other wrote', async () => {
  const store = createMemoryEventStore();
  const [one, other] = [createAttesters({ store, clock }), createAttesters({ store, clock })];
  await one.give(enrolled('aa', 1));
  expect((await other.state(attesterId))?.key?.akName).toBe('aa');
  await other.give(enrolled('bb', 2));
  expect((await one.state(attesterId))?.key?.akName).toBe('bb');
});

test('given many at once on both / when all are done / then each was decided over what came before it', async () => {
  const store = createMemoryEventStore();
  const both = [createAttesters({ store, clock }), createAttesters({ store, clock })] as const;
  const given = Array.from({ length: 40 }, (_, n) => both[n % 2 === 0 ? 0 : 1].give(enrolled(`${n % 2}`, n + 1)));
  await Promise.allSettled(given);
  const states = await Promise.all(both.map(({ state }) => state(attesterId)));
  expect(states[0]).toEqual(states[1]);
});

test('given a store that is lost for a moment / when it is back / then nothing was remembered that was not appended', async () => {
  const store = createMemoryEventStore();
  let lost = true;
  const flaky: EventStore = {
    ...store,
    append: async (...args) => {
      if (lost) throw new StoreUnavailable('unreachable', 'gone');
      return store.append(...args);
    },
  };
  const attesters = createAttesters({ store: flaky, clock });
  await expect(attesters.give(enrolled('aa', 1))).rejects.toThrow('gone');
  expect(await attesters.state(attesterId)).toBeNull();
  lost = false;
  expect((await attesters.give(enrolled('aa', 1)))?.key?.akName).toBe('aa');
});
