import type { Position } from '../envelope.ts';

/** How far a process or the relay has durably come. Lives beside the event store, never in a disposable read model. */
export type Checkpoints = {
  load(consumer: string): Promise<Position | null | 'none'>;
  /**
   * Durable once resolved; may go back, which is how a consumer is told to start over. `null` is "start of the log", an
   * explicit choice; `'none'` from load means nobody ever chose. Throws ForeignPosition on a token of another store.
   */
  save(consumer: string, position: Position | null): Promise<void>;
};
