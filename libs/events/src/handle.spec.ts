import { describe, expect, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { type AccountCommand, type AccountId, credits, type DepositId, Refusal } from '#domain';
import { aggregates } from './aggregates.ts';
import { UnknownEvent } from './codec.ts';
import type { StreamName } from './envelope.ts';
import { handle, readWholeStream } from './handle.ts';
import { eventIdOf } from './identity.ts';
import { conflictRetriesMax } from './limits.ts';
import { streamName } from './names.ts';
import { ConcurrencyConflict, type EventStore } from './ports/event-store.ts';

const accountId = '00000000-0000-4000-8000-00000000000a' as AccountId;
const stream = streamName('account', accountId);
const now = Date.UTC(2030, 0, 1);
const clock = { now: () => now, sleep: async () => undefined };
const metaOf = (commandId: string) =>
  ({ commandId, actor: 'operator:test', correlationId: 'request', causationId: commandId, traceparent: null }) as const;
const open = (name = 'Ada'): AccountCommand => ({ type: 'OpenAccount', accountId, name, now });
const deposit = (depositId: string): AccountCommand => ({
  ...{ type: 'DepositCredits', depositId: depositId as DepositId, amount: credits(1n) },
  ...{ source: 'operator-grant', note: '', now },
});
const one = '00000000-0000-4000-8000-000000000001';
const two = '00000000-0000-4000-8000-000000000002';

const on = (store: EventStore) => (command: AccountCommand, commandId: string) =>
  handle({ store, clock }, aggregates.account, accountId, command, metaOf(commandId));

/** Another writer is faster, a number of times: it appends between our read and our append. */
const racing = (store: EventStore, times: number, other: () => Promise<unknown>): EventStore => {
  let races = 0;
  return {
    ...store,
    append: async (...given) => {
      races += 1;
      if (races <= times) await other();
      return store.append(...given);
    },
  };
};

describe('the pipe of a command', () => {
  test('given an empty stream, when a command decides, then its events carry who, when and why', async () => {
    const store = createMemoryEventStore();
    const outcome = await on(store)(open(), 'c1');
    expect(outcome).toMatchObject({ stream, events: ['AccountOpened'], appended: { revision: 0n } });
    const [recorded] = await readWholeStream(store, stream);
    expect(recorded).toMatchObject({
      ...{ eventId: eventIdOf('c1', 0), actor: 'operator:test', correlationId: 'request', causationId: 'c1' },
      ...{ recordedAt: '2030-01-01T00:00:00.000Z', revision: 0n },
    });
  });

  test('given a command that was recorded, when it comes again after others, then it has its first outcome', async () => {
    const give = on(createMemoryEventStore());
    const first = await give(open(), 'c1');
    await give(deposit(one), 'c2');
    expect(await give(open(), 'c1')).toEqual(first);
    expect(await give(deposit(one), 'c2')).toMatchObject({ events: ['CreditsDeposited'], appended: { revision: 1n } });
  });

  test('given a command that begins a stream, then it is recorded without a look at what is not there', async () => {
    const store = createMemoryEventStore();
    const blind: EventStore = { ...store, readStream: () => Promise.reject(new Error('it was read')) };
    expect(await on(blind)(open(), 'c1')).toMatchObject({ events: ['AccountOpened'], appended: { revision: 0n } });
    await expect(on(blind)(deposit(one), 'c2')).rejects.toThrow('it was read');
  });

  test('given a stream that was begun with something else, then what begins it is refused by what is there', async () => {
    const store = createMemoryEventStore();
    await on(store)(open('Ada'), 'c1');
    await expect(on(store)(open('Bob'), 'c2')).rejects.toMatchObject({ code: 'account-exists-with-other-content' });
    expect(await readWholeStream(store, stream)).toHaveLength(1);
  });

  test('given a command that is refused on nothing, when it was recorded under that id, then it has its first outcome', async () => {
    const store = createMemoryEventStore();
    const first = await on(store)(open('Ada'), 'c1');
    expect(await on(store)(open(''), 'c1')).toEqual(first);
    const nothing = createMemoryEventStore();
    await expect(on(nothing)(open(''), 'c1')).rejects.toMatchObject({ code: 'invalid-name' });
    expect(await nothing.head()).toBeNull();
  });

  test('given what is already so, when another command asks for it, then nothing is recorded', async () => {
    const store = createMemoryEventStore();
    await on(store)(open(), 'c1');
    expect(await on(store)(open(), 'c2')).toMatchObject({ events: [], appended: { revision: 0n } });
    expect(await readWholeStream(store, stream)).toHaveLength(1);
  });

  test('given a refusal, then it is thrown as it is and leaves no events', async () => {
    const store = createMemoryEventStore();
    await expect(on(store)(deposit(one), 'c1')).rejects.toThrow(Refusal);
    expect(await store.head()).toBeNull();
  });

  test('given another writer is faster, then it reads and decides again on what is there now', async () => {
    const store = createMemoryEventStore();
    await on(store)(open(), 'c1');
    const slow = racing(store, 1, () => on(store)(deposit(one), 'other'));
    expect(await on(slow)(deposit(two), 'c2')).toMatchObject({ appended: { revision: 2n } });
  });

  test('given our own command was recorded by a twin meanwhile, then the twin speaks for both', async () => {
    const store = createMemoryEventStore();
    await on(store)(open(), 'c1');
    const slow = racing(store, 1, async () => {
      await on(store)(deposit(one), 'c2');
      await on(store)(deposit(two), 'c3');
    });
    expect(await on(slow)(deposit(one), 'c2')).toMatchObject({
      events: ['CreditsDeposited'],
      appended: { revision: 1n },
    });
    expect(await readWholeStream(store, stream)).toHaveLength(3);
  });

  test('given it loses every race, then it gives up with the conflict after the tries allowed', async () => {
    const store = createMemoryEventStore();
    await on(store)(open(), 'c1');
    let rival = 0;
    const slow = racing(store, Number.POSITIVE_INFINITY, () => {
      rival += 1;
      return on(store)(
        deposit(`00000000-0000-4000-8000-0000000001${rival.toString().padStart(2, '0')}`),
        `rival-${rival}`,
      );
    });
    await expect(on(slow)(deposit(one), 'c2')).rejects.toThrow(ConcurrencyConflict);
    expect(rival).toBe(conflictRetriesMax + 1);
  });

  test('given a stream with an event this build cannot read, then it decides nothing and says which', async () => {
    const store = createMemoryEventStore();
    await on(store)(open(), 'c1');
    const [opened] = await readWholeStream(store, stream);
    if (opened === undefined) throw new Error('no event');
    await store.append(stream, [{ ...opened, eventId: eventIdOf('future', 0), version: 2 }], 0n);
    await expect(on(store)(deposit(one), 'c2')).rejects.toThrow(UnknownEvent);
    expect(await readWholeStream(store, stream)).toHaveLength(2);
  });

  test('given a stream longer than a page, then all of it is read', async () => {
    const store = createMemoryEventStore();
    const give = on(store);
    await give(open(), 'c0');
    for (let index = 0; index < 1_050; index += 1) {
      await store.append(stream as StreamName, [future(index)], BigInt(index));
    }
    expect(await readWholeStream(store, stream)).toHaveLength(1_051);
  });
});

const future = (index: number) => ({
  ...{ eventId: eventIdOf('many', index), type: 'CreditsDeposited', version: 1, data: {} },
  ...{ recordedAt: '2030-01-01T00:00:00.000Z', actor: 'system:test' as const },
  ...{ correlationId: 'a', causationId: 'a', traceparent: null },
});
