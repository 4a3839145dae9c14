import { expect, test } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import type { AttesterId } from '#domain';
import { type EventStore, StoreUnavailable } from '#events';
import { uuid } from '../../../../test/domain/samples.ts';
import { type AttesterCommand, type Attesters, createAttesters, type Folded } from './attesters.ts';

const attesterId = uuid<AttesterId>(1);
const clock = createManualClock(Date.UTC(2026, 0, 31, 12));

const nobody = (): undefined => undefined;

const enrolled = (akName: string, n: number): AttesterCommand<string> => ({
  ...{ attesterId, commandId: uuid(n), actor: `miner:${attesterId}` },
  decide: () => ({
    command: {
      ...{ type: 'EnrolAttestationKey', now: clock.now(), attesterId, akPublic: 'AAA=', akName },
      ...{ ekPublicSha256: 'a'.repeat(64), ekCertificateSha256: null, vendor: null, isSimulated: true },
    },
    told: akName,
  }),
});

test('given two attestors on one store / when each writes / then each sees what the other wrote', async () => {
  const store = createMemoryEventStore();
  const [one, other] = [
    createAttesters({ store, clock, known: nobody }),
    createAttesters({ store, clock, known: nobody }),
  ];
  await one.give(enrolled('aa', 1));
  expect((await other.state(attesterId))?.key?.akName).toBe('aa');
  await other.give(enrolled('bb', 2));
  expect((await one.state(attesterId))?.key?.akName).toBe('bb');
});

test('given many at once on both / when all are done / then each was decided over what came before it', async () => {
  const store = createMemoryEventStore();
  const both = [
    createAttesters({ store, clock, known: nobody }),
    createAttesters({ store, clock, known: nobody }),
  ] as const;
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
  const attesters = createAttesters({ store: flaky, clock, known: nobody });
  await expect(attesters.give(enrolled('aa', 1))).rejects.toThrow('gone');
  expect(await attesters.state(attesterId)).toBeNull();
  lost = false;
  expect(await attesters.give(enrolled('aa', 1))).toBe('aa');
  expect((await attesters.state(attesterId))?.key?.akName).toBe('aa');
});

test('given somebody who writes while a decision is made / when it is appended / then it was made again, over what is there now', async () => {
  const store = createMemoryEventStore();
  const [one, other] = [0, 1].map(() => createAttesters({ store, clock, known: nobody })) as [Attesters, Attesters];
  const seen: (string | undefined)[] = [];
  const slow = enrolled('bb', 2);
  await one.give({
    ...slow,
    decide: async (state) => {
      seen.push(state?.key?.akName);
      if (seen.length === 1) await other.give(enrolled('aa', 1));
      return slow.decide(state);
    },
  });
  expect(seen).toEqual([undefined, 'aa']);
  expect((await other.state(attesterId))?.key?.akName).toBe('bb');
});

test('given a reader of the whole log / when it knows an attester / then only what came after is read of its stream', async () => {
  const store = createMemoryEventStore();
  const writer = createAttesters({ store, clock, known: nobody });
  await writer.give(enrolled('aa', 1));
  await writer.give(enrolled('bb', 2));
  const state = await writer.state(attesterId);
  if (state === null) return expect.fail('it is there');
  const from: (bigint | undefined)[] = [];
  const watched: EventStore = {
    ...store,
    readStream: (stream, options) => {
      from.push(options?.from);
      return store.readStream(stream, options);
    },
  };
  const known: Folded = { state, nextRevision: 2n };
  const reader = createAttesters({ store: watched, clock, known: () => known });
  expect(await reader.state(attesterId)).toBe(state);
  expect(from).toEqual([2n]);
});
