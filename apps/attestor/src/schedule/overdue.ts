import type { Attester, SchedulePolicy, UnixMs } from '#domain';
import type { Log } from '#edge';
import {
  attesterId as attesterIdOf,
  type Clock,
  categoryOf,
  derivedUuid,
  idOf,
  isoTime,
  type RecordedEvent,
  type Scheduler,
  type Timer,
  type Timers,
} from '#events';
import type { Attesters } from '../attesters/attesters.ts';
import type { KnownMiner, World } from '../world/world.ts';

export type OverdueParts = {
  readonly world: () => World;
  readonly schedule: () => SchedulePolicy;
  readonly attesters: Pick<Attesters, 'give'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly attestorId: string;
  /** Asks a miner for evidence now. */
  readonly remind: (minerId: string) => void;
  /** Since when there is somebody here to show evidence to. */
  readonly openedAt: UnixMs;
};

/**
 * When a miner's silence becomes an event: its due time and the grace; `null` while nothing is awaited of it. Neither the
 * time that no attestor was there nor the one it was lost is held against it: then the grace begins after that.
 */
export const overdueAt = (
  miner: KnownMiner,
  attester: Attester | undefined,
  { newMs, graceMs, openedAt }: Pick<SchedulePolicy, 'newMs' | 'graceMs'> & { readonly openedAt: UnixMs },
): { readonly dueAt: UnixMs; readonly at: UnixMs } | null => {
  const { state, attachedAt, backAt } = miner;
  // Who is lost says so already; who never came is awaited by nobody.
  if (attachedAt === null || state.lost !== null || (attester !== undefined && attester.overdueSince !== null))
    return null;
  const dueAt = attester?.last?.nextDueAt ?? attachedAt + newMs;
  return { dueAt, at: Math.max(dueAt, openedAt, backAt ?? 0) + graceMs };
};

/** One timer for each miner that shall attest, derived from the log: lose them and they are made again. */
export const createOverdue = (parts: OverdueParts) => {
  const { world, schedule, attesters, clock, log, attestorId, remind } = parts;
  let timers: Timers | null = null;

  const awaited = (minerId: string) => {
    const { miners, attesters: known } = world();
    const miner = miners.get(minerId);
    const terms = { ...schedule(), openedAt: parts.openedAt };
    return miner === undefined ? null : overdueAt(miner, known.get(minerId)?.state, terms);
  };
  const timerOf = (minerId: string): Timer | null => {
    const overdue = awaited(minerId);
    return overdue === null ? null : { id: minerId, dueAt: overdue.at };
  };
  const keepOne = (minerId: string): void => {
    const timer = timerOf(minerId);
    if (timer === null) timers?.cancel(minerId);
    else timers?.set(timer);
  };

  const due = async ({ id }: Timer): Promise<void> => {
    const overdue = awaited(id);
    // Evidence may have come, or another attestor said it, in the moment it fell due.
    if (overdue === null || overdue.at > clock.now()) return;
    const { dueAt } = overdue;
    const command = { type: 'DeclareOverdue', attesterId: attesterIdOf.decode(id), dueAt, now: clock.now() } as const;
    const commandId = derivedUuid('overdue', id, String(dueAt));
    const decide = () => ({ command, told: null });
    await attesters.give({ attesterId: id, commandId, actor: `system:${attestorId}`, decide });
    log('warn', 'no evidence when it was due', { minerId: id, dueAt: isoTime(dueAt) });
    remind(id);
  };

  return {
    /** Once the world is known. */
    start: (scheduler: Scheduler): void => {
      timers = scheduler.serve({
        kind: 'attestation-overdue',
        derive: () => [...world().miners.keys()].flatMap((minerId) => timerOf(minerId) ?? []),
        due,
      });
    },
    /** Keeps the timer of the miner that an event is about; those of all when there is another schedule. */
    keep: ({ stream }: RecordedEvent): void => {
      const category = categoryOf(stream);
      const id = idOf(stream);
      // A VM's verdicts are appraisals too, and no VM is awaited.
      if (category === 'miner' || (category === 'appraisal' && world().miners.has(id))) keepOne(id);
      else if (category === 'policy' && id === 'attestation-schedule') {
        for (const minerId of world().miners.keys()) keepOne(minerId);
      }
    },
    stop: async (): Promise<void> => {
      await timers?.stop();
      timers = null;
    },
  };
};
