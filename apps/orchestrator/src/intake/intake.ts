import { createThrottle, type Throttle } from '#edge';
import type { AskAnswer, Handled, OrchestratorBus, Stop } from '#events';
import type { Part } from '../processes/part.ts';
import { askEveryMs, asksBurst, reportEveryMs, reportsBurst, throttledMinersMax } from './limits.ts';
import { type IntakeDependencies, takeDrainWish, takeHostReport, takeVmReport } from './reports.ts';

export type Intake = IntakeDependencies & {
  readonly bus: Pick<
    OrchestratorBus,
    'onBeat' | 'onHost' | 'onReport' | 'onAsk' | 'onDrain' | 'resetWork' | 'purgeSpec'
  >;
  readonly beat: (minerId: string, at: number) => void;
  /** New credentials for an enrolled miner, as text; refuses by reason. */
  readonly renew: (minerId: string) => Promise<AskAnswer>;
};

/**
 * Everything miners say, taken from the bus: reports, host facts, beats and requests. A miner that asks without a pause is
 * refused and one that reports without a pause is heard later, so that it costs the others nothing.
 */
export const createIntake = (dependencies: Intake): Part => {
  const { bus, beat, renew, clock } = dependencies;
  const asks = () => createThrottle({ clock, burst: asksBurst, everyMs: askEveryMs, keysMax: throttledMinersMax });
  const reports = () =>
    createThrottle({ clock, burst: reportsBurst, everyMs: reportEveryMs, keysMax: throttledMinersMax });
  let stops: readonly Stop[] = [];
  return {
    name: 'intake',
    start: async () => {
      stops = [
        await bus.onBeat(beat),
        await bus.onHost(later(reports(), takeHostReport(dependencies))),
        await bus.onReport(later(reports(), takeVmReport(dependencies))),
        await bus.onAsk(
          'sync',
          atMost(asks(), async (minerId) => {
            await bus.resetWork(minerId);
            return { ok: true, text: '' };
          }),
        ),
        await bus.onAsk('renew', atMost(asks(), renew)),
        await bus.onDrain(atMost(asks(), takeDrainWish(dependencies))),
      ];
    },
    stop: async () => {
      for (const stop of stops) await stop();
    },
  };
};

type Answering<Said extends readonly unknown[]> = (minerId: string, ...said: Said) => Promise<AskAnswer>;

/** Refuses what comes too often; the miner's agent asks again by itself. */
const atMost =
  <Said extends readonly unknown[]>(throttle: Throttle, handle: Answering<Said>): Answering<Said> =>
  async (minerId, ...said) => {
    const waitMs = throttle(minerId);
    if (waitMs === 0) return handle(minerId, ...said);
    const seconds = Math.ceil(waitMs / 1_000);
    return { ok: false, reason: `this miner has asked ${asksBurst} times in a row; ask again in ${seconds} s` };
  };

/** Has what comes too often delivered later; the bus keeps the newest report of each VM meanwhile. */
const later =
  <Report>(throttle: Throttle, handle: (report: Report, minerId: string) => Promise<Handled>) =>
  async (report: Report, minerId: string): Promise<Handled> => {
    const waitMs = throttle(minerId);
    return waitMs === 0 ? handle(report, minerId) : { retryInMs: waitMs };
  };
