import type { Attester, SchedulePolicy, UnixMs } from '#domain';
import type { Log } from '#edge';
import {
  attesterId as attesterIdOf,
  type Clock,
  categoryOf,
  derivedUuid,
  idOf,
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
};

/** When a miner's silence becomes an event: its due time and the grace; `null` while nothing is awaited of it. */
export const overdueAt = (
  miner: KnownMiner,
  attester: Attester | undefined,
  schedule: SchedulePolicy,
): { readonly dueAt: UnixMs; readonly at: UnixMs } | null => {
  const { state, attachedAt } = miner;
  // Who is lost says so already; who never came is awaited by nobody.
  if (attachedAt === null || state.lost !== null || (attester !== undefined && attester.overdueSince !== null))
    return null;
  const dueAt = attester?.last?.nextDueAt ?? attachedAt + schedule.newMs;
  return { dueAt, at: dueAt + schedule.graceMs };
};

/** One timer for each miner that shall attest, derived from the log: lose them and they are made again. */
export const createOverdue = (parts: OverdueParts) => {
  const { world, schedule, attesters, clock, log, attestorId, remind } = parts;
  let timers: Timers | null = null;

  const timerOf = (minerId: string): Timer | null => {
    const { miners, attesters: known } = world();
    const miner = miners.get(minerId);
    const overdue = miner === undefined ? null : overdueAt(miner, known.get(minerId), schedule());
    return overdue === null ? null : { id: minerId, dueAt: overdue.at };
  };

  const due = async ({ id }: Timer): Promise<void> => {
    const { miners, attesters: known } = world();
    const miner = miners.get(id);
    const overdue = miner === undefined ? null : overdueAt(miner, known.get(id), schedule());
    // Evidence may have come, or another attestor said it, in the moment it fell due.
    if (overdue === null || overdue.at > clock.now()) return;
    const { dueAt } = overdue;
    const command = { type: 'DeclareOverdue', attesterId: attesterIdOf.decode(id), dueAt, now: clock.now() } as const;
    const commandId = derivedUuid('overdue', id, String(dueAt));
    await attesters.give({ attesterId: id, commandId, actor: `system:${attestorId}`, command });
    log('warn', 'no evidence when it was due', { minerId: id, dueAt: new Date(dueAt).toISOString() });
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
    /** Keeps the timer of the miner that an event is about. */
    keep: ({ stream }: RecordedEvent): void => {
      const category = categoryOf(stream);
      if (category !== 'miner' && category !== 'appraisal') return;
      const minerId = idOf(stream);
      const timer = timerOf(minerId);
      if (timer === null) timers?.cancel(minerId);
      else timers?.set(timer);
    },
    stop: async (): Promise<void> => {
      await timers?.stop();
      timers = null;
    },
  };
};
