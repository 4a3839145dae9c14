import type { UnixMs } from '#domain';
import { type Clock, type Decoded, minerIdOf } from '#events';

/** How a memory bus misbehaves. Each rate is a chance from 0 to 1; left out, it never does. */
export type BusFaults = {
  /** The next number in [0, 1), from the caller's seed. Called in the same order in every run. */
  readonly next: () => number;
  /** A message is stored where it is stored, but this delivery never happens; one that must be acknowledged comes again. */
  readonly loseRate?: number;
  /** A message is delivered twice, the second time maybe after newer ones. */
  readonly duplicateRate?: number;
  /** Any waiting message is delivered next, not the oldest. */
  readonly reorderRate?: number;
  /** A delivery waits up to {@link delayMsMax}, and is then delivered even if a newer message replaced it. */
  readonly delayRate?: number;
  readonly delayMsMax?: number;
  /** A publish or request fails; half of those were carried out all the same, and of a batch any first part. */
  readonly failRate?: number;
};

/** One message on its way to somebody. */
export type Delivery = {
  /** Whether somebody it may go to is not cut off; until then it waits. */
  readonly isReachable: () => boolean;
  readonly dueAt: UnixMs;
  /** Handles it. `late`: it may be out of date, and is delivered all the same. */
  readonly run: (late: boolean) => Promise<void>;
  readonly late: boolean;
};

/** What is on its way, and who is cut off. Nothing moves by itself. */
export type Wire = {
  /** Sends with this wire's faults. What is lost comes again after `redeliverMs`; `null`: never. */
  send(isReachable: () => boolean, run: Delivery['run'], redeliverMs: number | null): void;
  /** Comes again after a time its receiver chose. Never lost: the sender still has it. */
  sendIn(isReachable: () => boolean, waitMs: number, run: Delivery['run']): void;
  /** One of those who could take it: any with faults, the last without. */
  oneOf<Item>(items: readonly Item[]): Item | undefined;
  /** How many of a batch get through before its publish fails. */
  firstOf(count: number): number;
  step(): Promise<boolean>;
  nextDueAt(): UnixMs | null;
  cut(who: string): void;
  heal(who: string): void;
  isCut(who: string): boolean;
  /** Since when somebody who was cut off is back; `null` for one who never was. */
  backSince(who: string): UnixMs | null;
  /** Decides what becomes of a call: `fail` before or after it was carried out. */
  fate(): 'done' | 'fail-before' | 'fail-after';
  /** Forgets everything on its way. */
  clear(): void;
};

export const createWire = (clock: Clock, faults: BusFaults | undefined): Wire => {
  const waiting: Delivery[] = [];
  const away = new Set<string>();
  const back = new Map<string, UnixMs>();
  const happens = (rate: number | undefined): boolean =>
    rate !== undefined && faults !== undefined && faults.next() < rate;

  const put = (isReachable: () => boolean, run: Delivery['run'], late: boolean): void => {
    const delayed = happens(faults?.delayRate);
    const delayMs = delayed && faults !== undefined ? Math.floor(faults.next() * (faults.delayMsMax ?? 0)) : 0;
    waiting.push({ isReachable, run, late: late || delayed, dueAt: clock.now() + delayMs });
  };

  const due = (): readonly Delivery[] =>
    waiting.filter(({ isReachable, dueAt }) => dueAt <= clock.now() && isReachable()).sort((a, b) => a.dueAt - b.dueAt);
  const below = (count: number): number => Math.floor((faults?.next() ?? 0) * count);

  return {
    send: (isReachable, run, redeliverMs) => {
      if (happens(faults?.loseRate)) {
        if (redeliverMs !== null) waiting.push({ isReachable, run, late: false, dueAt: clock.now() + redeliverMs });
        return;
      }
      put(isReachable, run, false);
      if (happens(faults?.duplicateRate)) put(isReachable, run, true);
    },
    sendIn: (isReachable, waitMs, run) => {
      waiting.push({ isReachable, run, late: false, dueAt: clock.now() + waitMs });
    },
    oneOf: (items) => items[faults === undefined || items.length < 2 ? items.length - 1 : below(items.length)],
    firstOf: below,
    step: async () => {
      const ready = due();
      const index = happens(faults?.reorderRate) ? below(ready.length) : 0;
      const delivery = ready[index];
      if (delivery === undefined) return false;
      waiting.splice(waiting.indexOf(delivery), 1);
      await delivery.run(delivery.late);
      return true;
    },
    nextDueAt: () => {
      const times = waiting.filter(({ isReachable }) => isReachable()).map(({ dueAt }) => dueAt);
      return times.length === 0 ? null : Math.min(...times);
    },
    cut: (who) => {
      away.add(who);
    },
    heal: (who) => {
      if (away.delete(who)) back.set(who, clock.now());
    },
    isCut: (who) => away.has(who),
    backSince: (who) => back.get(who) ?? null,
    fate: () => {
      if (!happens(faults?.failRate) || faults === undefined) return 'done';
      return faults.next() < 0.5 ? 'fail-before' : 'fail-after';
    },
    clear: () => {
      waiting.length = 0;
    },
  };
};

/** What a message says. Both ends of this bus are ours, so one that cannot be read is our mistake. */
export const opened = <Value>(decoded: Decoded<Value>, subject: string): Value => {
  if (!decoded.ok) throw new Error(`BUG: a message on ${subject} cannot be read: ${decoded.reason}`);
  return decoded.value;
};

/** Whose subject it is. */
export const ownerOf = (subject: string): string => {
  const minerId = minerIdOf(subject);
  if (minerId === null) throw new Error(`BUG: ${subject} names no miner; miner ids are UUIDs`);
  return minerId;
};
