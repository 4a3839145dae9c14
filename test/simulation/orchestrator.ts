import type { UnixMs } from '#domain';
import type { Clock } from '#events';
import { type PartsDependencies, type Tick, type Wiring, wire } from '../../apps/orchestrator/src/parts.ts';
import { createIncarnation, type Ground, type Incarnation } from './incarnation.ts';
import { createTimers, type Timers } from './timers.ts';

/** The production wiring in one life, stepped by hand: nothing runs unless the simulator lets it. */
export type Life = {
  readonly incarnation: Incarnation;
  readonly consumers: Wiring['consumers'];
  /** Whatever time makes due: timers and ticks. */
  due(now: UnixMs): readonly { readonly name: string; readonly work: () => Promise<void> }[];
};

export const beginLife = async (
  ground: Ground,
  clock: Clock,
  startAt: PartsDependencies['startAt'],
  dropTimers: boolean,
): Promise<Life> => {
  const incarnation = createIncarnation(ground);
  const { store, checkpoints, bus } = incarnation;
  const scheduler: Timers = createTimers(dropTimers);
  const log = () => undefined;
  const renew = async () => ({ ok: false, reason: 'not simulated' }) as const;
  const wiring = wire({ store, checkpoints, clock, scheduler, bus, log, renew, startAt });
  await wiring.intake.start();
  const nextAt = new Map(wiring.ticks.map(({ name, everyMs }) => [name, clock.now() + everyMs]));

  const isDue = ({ name, everyMs }: Tick, now: UnixMs): boolean => {
    if ((nextAt.get(name) ?? 0) > now) return false;
    nextAt.set(name, now + everyMs);
    return true;
  };
  return {
    incarnation,
    consumers: wiring.consumers,
    due: (now) => [...scheduler.due(now), ...wiring.ticks.filter((tick) => isDue(tick, now))],
  };
};
