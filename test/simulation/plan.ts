/** A mistake put into the simulated network, to show that the invariants notice it. Production code holds none of them. */
export const plantedBugs = [
  'append-ignores-expected-revision',
  'random-hold-ids',
  'miner-relaunches-boot',
  'reservation-skips-capacity',
  'checkpoint-runs-ahead',
  'timers-are-dropped',
  'acknowledged-append-is-lost',
  'absent-spec-removes',
] as const;
export type PlantedBug = (typeof plantedBugs)[number];

/** How much of everything a run has. The same plan and seed give the same log. */
export type Plan = {
  readonly seed: number;
  /** Steps with faults, before everything is left to heal. */
  readonly steps: number;
  readonly miners: number;
  readonly accounts: number;
  readonly vmsMax: number;
  readonly bug: PlantedBug | null;
  /** How long the calm lasts at least: past the longest deadline of anything that may still wait then. */
  readonly calmMinMs: number;
};

export const defaultPlan: Omit<Plan, 'seed'> = {
  steps: 1_500,
  miners: 4,
  accounts: 3,
  vmsMax: 10,
  bug: null,
  calmMinMs: 660_000,
};

/** Chances per opportunity while faults last; `calm` has none of them. */
export type Faults = {
  readonly crash: number;
  readonly storeBusy: number;
  readonly busDown: number;
  readonly lose: number;
  readonly duplicate: number;
  readonly delayMaxMs: number;
};

export const stormy: Faults = {
  crash: 0.004,
  storeBusy: 0.01,
  busDown: 0.02,
  lose: 0.15,
  duplicate: 0.15,
  delayMaxMs: 6_000,
};
export const calm: Faults = { crash: 0, storeBusy: 0, busDown: 0, lose: 0, duplicate: 0, delayMaxMs: 50 };

/** Where the virtual clock begins. */
export const startsAt = Date.UTC(2030, 0, 1);

/** What the network did wrong, at which step of the seed. */
export type Violation = {
  readonly seed: number;
  readonly step: number;
  readonly invariant: string;
  readonly detail: string;
};
