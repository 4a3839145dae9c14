import type { ConsumerStatus } from '#events';

/** Something that runs beside the HTTP door: started and stopped in the order the wiring diagram gives. */
export type Part = {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What readiness shows of it; parts without one are ready when started. */
  status?(): ConsumerStatus;
};
