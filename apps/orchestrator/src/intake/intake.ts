import type { AskAnswer, OrchestratorBus, Stop } from '#events';
import type { Part } from '../processes/part.ts';
import { type IntakeDependencies, takeHostReport, takeVmReport } from './reports.ts';

export type Intake = IntakeDependencies & {
  readonly bus: OrchestratorBus;
  readonly beat: (minerId: string, at: number) => void;
  /** New credentials for an enrolled miner, as text; refuses by reason. */
  readonly renew: (minerId: string) => Promise<AskAnswer>;
};

/** Everything miners say, taken from the bus: reports, host facts, beats and requests. */
export const createIntake = (dependencies: Intake): Part => {
  const { bus, beat, renew } = dependencies;
  let stops: readonly Stop[] = [];
  return {
    name: 'intake',
    start: async () => {
      stops = [
        await bus.onBeat(beat),
        await bus.onHost(takeHostReport(dependencies)),
        await bus.onReport(takeVmReport(dependencies)),
        await bus.onAsk('sync', async (minerId) => {
          await bus.resetWork(minerId);
          return { ok: true, text: '' };
        }),
        await bus.onAsk('renew', renew),
      ];
    },
    stop: async () => {
      for (const stop of stops) await stop();
    },
  };
};
