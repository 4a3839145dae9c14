import { minuteMs } from '../values/time.ts';

/** How trust is earned and lost: the document of policy `reputation`. Scores are whole parts of a million. */
export type ReputationPolicy = {
  readonly version: 1;
  /** What everybody begins with. Evidence of a host never raises anybody above it. */
  readonly neutral: number;
  /** Given back by each affirming appraisal to who is below {@link neutral}. */
  readonly restored: number;
  /** A day that evidence proved, and what uptime alone comes to at the most. */
  readonly uptimePerDay: number;
  readonly uptimeMax: number;
  /** A day on which all of the capacity that was claimed is held by VMs. */
  readonly deliveredPerDay: number;
  readonly losses: ReputationLosses;
  /** Of each hour without the evidence that was due. */
  readonly decayPerHour: number;
  /** How long after its due time evidence may come before it counts as silence. */
  readonly graceMs: number;
};

export type ReputationLosses = {
  readonly warning: number;
  /** Evidence that is refused for what no other loss is about. */
  readonly contraindicated: number;
  readonly hardware: number;
  readonly tpm: number;
  readonly ima: number;
  /** Each further failure in a row that is not graver than the one before. */
  readonly repeated: number;
  readonly overdue: number;
  readonly lost: number;
  /** Declaring less than VMs hold already. */
  readonly shortfall: number;
  readonly slashed: number;
};

/** Version 0: what holds while no other was published. */
export const standardReputation: ReputationPolicy = {
  version: 1,
  neutral: 500_000,
  restored: 10_000,
  uptimePerDay: 20_000,
  uptimeMax: 800_000,
  deliveredPerDay: 30_000,
  losses: {
    warning: 20_000,
    contraindicated: 150_000,
    hardware: 300_000,
    tpm: 400_000,
    ima: 300_000,
    repeated: 10_000,
    overdue: 30_000,
    lost: 20_000,
    shortfall: 100_000,
    slashed: 500_000,
  },
  decayPerHour: 10_000,
  graceMs: minuteMs,
};
