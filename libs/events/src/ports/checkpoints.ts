import type { Position } from '../envelope.ts';

/** How far a process or the relay has durably come. Lives beside the event store, never in a disposable read model. */
export type Checkpoints = {
  load(consumer: string): Promise<Position | null | 'none'>;
  /** `null` is "start of the log", an explicit choice; `'none'` from load means nobody ever chose. */
  save(consumer: string, position: Position | null): Promise<void>;
};
