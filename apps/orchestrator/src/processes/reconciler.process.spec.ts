import { describe, expect, test } from 'vitest';
import { type AccountId, credits, type VmId } from '#domain';
import { aggregates, handle } from '#events';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { type Act, describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import type { KnownEvent } from './process.ts';
import {
  evenBooksKept,
  imbalanceOf,
  type Ledger,
  orphanGraceMs,
  orphans,
  reconciler,
  withoutVm,
} from './reconciler.process.ts';
import { giveAll } from './runner.ts';
import { holdIdOf } from './vm-admission.process.ts';

const release: Act<Ledger> = async (ledger, { store, clock }) =>
  giveAll({ store, clock }, reconciler.name, await withoutVm(store, orphans(ledger, clock.now())));

const hold = async (bench: Bench, accountId: AccountId, vmId: VmId): Promise<void> => {
  const { store, clock } = bench;
  const amount = credits(1n);
  const command = {
    type: 'HoldCredits',
    holdId: holdIdOf(vmId),
    vmId,
    amount,
    required: amount,
    now: clock.now(),
  } as const;
  const commandId = bench.ids.uuid();
  const meta = { commandId, actor: 'system:bench', correlationId: commandId, causationId: commandId } as const;
  await handle({ store, clock }, aggregates.account, accountId, command, { ...meta, traceparent: null });
};

/** A VM with a hold and allocations on two miners that ends without anybody giving them back. */
const leftBehind = async (bench: Bench) => {
  const accountId = await bench.account(50n);
  const [minerId, other] = [await bench.miner(roomFor(3)), await bench.miner(roomFor(3))];
  const vmId = await bench.placed(accountId, minerId);
  await bench.onMiner(other, { type: 'ReserveAllocation', vmId, generation: 1, size: roomFor(1) });
  await hold(bench, accountId, vmId);
  bench.clock.pass(10 * orphanGraceMs);
  await bench.vm(vmId, { type: 'TerminateVm' });
  await bench.observe(vmId, minerId, 1, { phase: 'absent' });
};
const orphaned: Story = async (bench, run) => {
  await leftBehind(bench);
  await run();
  bench.clock.pass(orphanGraceMs + 1);
  await run();
  await run();
};

describeProcess(reconciler, { 'a VM that left everything behind': orphaned }, release);

describe('the reconciler', () => {
  const run = (bench: Bench) => runProcess(reconciler, bench, { act: release });
  const given = async (bench: Bench) =>
    (await bench.log()).filter(({ actor }) => actor === 'process:reconciler').map(({ type }) => type);

  test('given a VM gone for a minute, when its hold and allocations still stand, then all of them are released', async () => {
    const bench = createBench();
    await leftBehind(bench);
    bench.clock.pass(orphanGraceMs + 1);
    await run(bench);
    expect((await given(bench)).sort()).toEqual(['AllocationReleased', 'AllocationReleased', 'HoldReleased']);
  });

  test('given a VM that ended just now after a long life, then its own processes get the grace to release', async () => {
    const bench = createBench();
    await leftBehind(bench);
    bench.clock.pass(orphanGraceMs);
    await run(bench);
    expect(await given(bench)).toEqual([]);
  });

  test('given a VM that lives and whose request the fold could not read, then nothing is taken from under it', async () => {
    const bench = createBench();
    const [accountId, minerId] = [await bench.account(50n), await bench.miner(roomFor(1))];
    await hold(bench, accountId, await bench.placed(accountId, minerId));
    bench.clock.pass(2 * orphanGraceMs);
    const unread: Act<Ledger> = async (ledger, b) => {
      ledger.live.clear();
      expect(orphans(ledger, b.clock.now())).not.toEqual([]);
      await release(ledger, b);
    };
    await runProcess(reconciler, bench, { act: unread });
    expect(await given(bench)).toEqual([]);
  });

  test('given a VM that lives, then nothing of it is an orphan, however old', async () => {
    const bench = createBench();
    const [accountId, minerId] = [await bench.account(50n), await bench.miner(roomFor(1))];
    await hold(bench, accountId, await bench.placed(accountId, minerId));
    bench.clock.pass(1_000 * orphanGraceMs);
    await run(bench);
    expect(await given(bench)).toEqual([]);
  });
});

describe('the ledger that the reconciler keeps', () => {
  /** A fold over events of accounts as they could only be written past every rule. */
  const folded = (
    ...events: readonly (readonly [type: 'CreditsHeld' | 'HoldReleased', hold: string, amount: bigint])[]
  ) => {
    const ledger = reconciler.initial();
    const give = () => {
      for (const [revision, [type, holdId, amount]] of events.entries()) {
        const event = { type, holdId, vmId: 'v', amount };
        const recorded = { revision: BigInt(revision), recordedAt: '2030-01-01T00:00:00.000Z' };
        // A hold of another amount than it gives back is what no rule lets through.
        reconciler.absorb(ledger, { category: 'account', id: 'a', event, recorded } as unknown as KnownEvent);
      }
    };
    give();
    return { ledger, give };
  };

  test('given holds that are open and given back in whole, then nothing is missing, also when events are given again', () => {
    const { ledger, give } = folded(['CreditsHeld', 'h1', 5n], ['CreditsHeld', 'h2', 7n], ['HoldReleased', 'h1', 5n]);
    expect(imbalanceOf(ledger)).toBe(0n);
    give();
    expect(imbalanceOf(ledger)).toBe(0n);
  });

  test.each<[string, ReturnType<typeof folded>, bigint]>([
    ['more is given back than was held', folded(['CreditsHeld', 'h1', 5n], ['HoldReleased', 'h1', 6n]), -1n],
    ['less is given back', folded(['CreditsHeld', 'h1', 5n], ['HoldReleased', 'h1', 3n]), 2n],
    [
      'a hold is given back twice',
      folded(['CreditsHeld', 'h1', 5n], ['HoldReleased', 'h1', 5n], ['HoldReleased', 'h1', 5n]),
      -5n,
    ],
    ['one hold is made twice', folded(['CreditsHeld', 'h1', 5n], ['CreditsHeld', 'h1', 5n]), 5n],
  ])('given that %s, then the difference is told', (_, { ledger }, difference) => {
    expect(imbalanceOf(ledger)).toBe(difference);
  });

  test('given ever more accounts that hold nothing any more, then it keeps no more of them than ever, and nothing is missing', () => {
    const ledger = reconciler.initial();
    const give = (id: string, type: 'CreditsHeld' | 'HoldReleased', revision: bigint): void => {
      const event = { type, holdId: `hold-${id}`, vmId: 'v', amount: 5n };
      const recorded = { revision, recordedAt: '2030-01-01T00:00:00.000Z' };
      reconciler.absorb(ledger, { category: 'account', id, event, recorded } as unknown as KnownEvent);
    };
    for (let n = 0; n < 2 * evenBooksKept; n += 1) {
      give(`a${n}`, 'CreditsHeld', 0n);
      give(`a${n}`, 'HoldReleased', 1n);
    }
    give('a0', 'HoldReleased', 1n);
    expect([ledger.books.size, ledger.evenBooks.size, imbalanceOf(ledger)]).toEqual([0, evenBooksKept, 0n]);
  });
});
