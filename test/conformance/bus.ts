import { describe, onTestFinished } from 'vitest';
import type { MinerBus, OrchestratorBus } from '#events';
import { describeConversations } from './bus-conversations.ts';
import { describeReports } from './bus-reports.ts';
import { describeSpecs } from './bus-specs.ts';

/** A bus made for one test, with nothing on it. */
export type BusWorld = {
  readonly orchestrator: OrchestratorBus;
  miner(minerId: string): Promise<MinerBus>;
  /** Lets what is on its way arrive, as far as a caller can: time passes on buses that have their own. */
  deliver(): Promise<void>;
  close(): Promise<void>;
};

export type BusFactory = { open(): Promise<BusWorld> };

/** What every bus promises while nothing fails. An adapter is done when this passes. */
export const describeBus = (name: string, factory: BusFactory): void => {
  const open = async (): Promise<BusWorld> => {
    const world = await factory.open();
    onTestFinished(() => world.close());
    return world;
  };
  describe(`bus: ${name}`, () => {
    describeSpecs(open);
    describeReports(open);
    describeConversations(open);
  });
};
