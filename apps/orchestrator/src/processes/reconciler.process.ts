import type { AccountId, HoldId, MinerId, UnixMs, VmId } from '#domain';
import { type EventStore, type RecordedEvent, readWholeStream, streamName } from '#events';
import type { KnownEvent, Process } from './process.ts';
import type { CausedCommand } from './runner.ts';

type HoldBehind = {
  readonly accountId: AccountId;
  readonly vmId: VmId;
  readonly amount: bigint;
  /** The event since which nobody may have stood behind it: its own, or its VM's last. */
  since: RecordedEvent;
};
type AllocationBehind = {
  readonly minerId: MinerId;
  readonly vmId: VmId;
  readonly generation: number;
  /** The event since which nobody may have stood behind it: its own, or its VM's last. */
  since: RecordedEvent;
};

export type Ledger = {
  /** VMs that may still need their hold and allocation. */
  readonly live: Set<VmId>;
  readonly holds: Map<HoldId, HoldBehind>;
  readonly allocations: Map<string, AllocationBehind>;
  /** What each account held and was given back, while that is not the same: {@link imbalanceOf}. */
  readonly books: Map<AccountId, Book>;
  /** The last of those where it is the same, at most {@link evenBooksKept}: most accounts of a long history hold nothing. */
  readonly evenBooks: Map<AccountId, Book>;
};

/** Several times what is given again after a commit that failed, which is a page of events. */
export const evenBooksKept = 4_096;

/** In micro-credits, up to a revision: after a commit that failed, events are given again, and must not count twice. */
type Book = { revision: bigint; held: bigint; released: bigint };

/** What the open holds differ by from what was held and not given back, in micro-credits; 0, or money came or went. */
export const imbalanceOf = ({ holds, books }: Ledger): bigint => {
  let difference = 0n;
  for (const { held, released } of books.values()) difference += held - released;
  for (const { amount } of holds.values()) difference -= amount;
  return difference;
};

/** Long enough for every process to have done it by itself: the reconciler chases what a crash or a bug left behind. */
export const orphanGraceMs = 60_000;

/** Knows every hold and allocation and whether a VM stands behind it. Time acts on it, through {@link orphans}. */
export const reconciler: Process<Ledger> = {
  name: 'reconciler',
  initial: () => ({
    live: new Set(),
    holds: new Map(),
    allocations: new Map(),
    books: new Map(),
    evenBooks: new Map(),
  }),
  absorb: (ledger, known) => {
    if (known.category === 'vm') absorbVm(ledger, known);
    if (known.category === 'account') absorbAccount(ledger, known);
    if (known.category === 'miner') absorbMiner(ledger, known);
  },
  react: () => [],
};

const absorbVm = (
  { live, holds, allocations }: Ledger,
  { id, event, recorded }: Extract<KnownEvent, { category: 'vm' }>,
): void => {
  if (event.type === 'VmRequested') live.add(id);
  if (event.type !== 'VmRefused' && event.type !== 'VmTerminated') return;
  live.delete(id);
  for (const hold of holds.values()) if (hold.vmId === id) hold.since = recorded;
  for (const allocation of allocations.values()) if (allocation.vmId === id) allocation.since = recorded;
};

const absorbAccount = (
  { holds, books, evenBooks }: Ledger,
  { id, event, recorded }: Extract<KnownEvent, { category: 'account' }>,
): void => {
  if (event.type !== 'CreditsHeld' && event.type !== 'HoldReleased') return;
  const known = books.get(id) ?? evenBooks.get(id);
  const book = known ?? { revision: -1n, held: 0n, released: 0n };
  // Of an account that nothing is known of nothing is open: what is given back was counted before.
  const isNew = recorded.revision > book.revision && (known !== undefined || event.type === 'CreditsHeld');
  const { holdId, vmId, amount } = event;
  if (event.type === 'CreditsHeld') {
    holds.set(holdId, { accountId: id, vmId, amount, since: recorded });
    if (isNew) book.held += amount;
  } else {
    holds.delete(holdId);
    if (isNew) book.released += amount;
  }
  if (!isNew) return;
  const next = { ...book, revision: recorded.revision };
  const isEven = next.held === next.released;
  books.delete(id);
  evenBooks.delete(id);
  (isEven ? evenBooks : books).set(id, next);
  const [oldest] = evenBooks.keys();
  if (evenBooks.size > evenBooksKept && oldest !== undefined) evenBooks.delete(oldest);
};

const absorbMiner = (
  { allocations }: Ledger,
  { id, event, recorded }: Extract<KnownEvent, { category: 'miner' }>,
): void => {
  if (event.type === 'AllocationReserved') {
    const { vmId, generation } = event;
    allocations.set(`${id}/${vmId}`, { minerId: id, vmId, generation, since: recorded });
  }
  if (event.type === 'AllocationReleased') allocations.delete(`${id}/${event.vmId}`);
};

/** A command that gives something back, and whose it was. */
export type Orphan = CausedCommand & { readonly vmId: VmId };

/**
 * Commands that give back every hold and allocation that has had no VM behind it for longer than {@link orphanGraceMs},
 * as far as this fold knows: {@link withoutVm} asks the VM itself.
 */
export const orphans = (ledger: Ledger, now: UnixMs): readonly Orphan[] => {
  const isOrphan = ({ vmId, since }: { readonly vmId: VmId; readonly since: RecordedEvent }): boolean =>
    !ledger.live.has(vmId) && now - Date.parse(since.recordedAt) > orphanGraceMs;
  const holds = [...ledger.holds].filter(([, hold]) => isOrphan(hold));
  const allocations = [...ledger.allocations.values()].filter(isOrphan);
  // One event may have left several behind, on several streams: each has its own step, so its own command id.
  return [
    ...holds.map(([holdId, { accountId, vmId, since }]) => ({
      vmId,
      cause: since,
      command: {
        step: `orphan-hold:${holdId}`,
        target: 'account',
        id: accountId,
        command: { type: 'ReleaseHold', holdId, reason },
      } as const,
    })),
    ...allocations.map(({ minerId, vmId, generation, since }) => ({
      vmId,
      cause: since,
      command: {
        step: `orphan-allocation:${minerId}:${generation}`,
        target: 'miner',
        id: minerId,
        command: { type: 'ReleaseAllocation', vmId, generation, reason },
      } as const,
    })),
  ];
};

const reason = 'no-vm-behind-it';

/**
 * Those of the orphans whose VM is over by its own stream, or was never requested. A fold that could not read a VM's
 * request (an older build, a parked event) knows nothing of a VM that lives, and must take nothing from under it.
 */
export const withoutVm = async (store: EventStore, found: readonly Orphan[]): Promise<readonly Orphan[]> => {
  const over = new Set<VmId>();
  for (const vmId of new Set(found.map((orphan) => orphan.vmId))) {
    const history = await readWholeStream(store, streamName('vm', vmId));
    if (history.length === 0 || history.some(({ type }) => endings.has(type))) over.add(vmId);
  }
  return found.filter(({ vmId }) => over.has(vmId));
};

const endings: ReadonlySet<string> = new Set(['VmRefused', 'VmTerminated']);
