import type { PlantedBug } from './planted.ts';
import { createRandom } from './random.ts';

/** What can go wrong by chance wherever it can: how often per opportunity, when a run has it at all. */
export const chances = {
  /** The process ends before or after an append, a checkpoint, a lease or a publish. */
  crash: 0.006,
  /** The store is busy. */
  'store-busy': 0.02,
  /** A publish or request fails, half of them after they were carried out. */
  'bus-fails': 0.04,
  lose: 0.15,
  duplicate: 0.15,
  reorder: 0.3,
  delay: 0.3,
  /** A consumer cannot handle an event, and parks it. */
  poison: 0.03,
  /** A process starts with an older build that cannot read some kinds of events. */
  'old-build': 0.3,
} as const;

/** What is done to somebody on purpose: how much of all trouble, when a run has it at all. */
export const troubles = {
  'replica-ends': 1,
  'replica-pauses': 1,
  'replica-is-cut-off': 1,
  'clock-jumps': 1,
  'bus-is-wiped': 0.3,
  'read-model-is-lost': 0.3,
  'guest-ends': 3,
  'agent-restarts': 2,
  'host-loses-power': 1,
  'host-shuts-down': 1,
  'miner-vanishes': 1.5,
  'miner-lies': 3,
  'miner-says-absent': 1,
  'report-is-replayed': 2,
  'capacity-changes': 2,
  'starts-fail': 1,
  'operator-drains': 1,
  'parked-is-retried': 1,
  'parked-is-skipped': 0.3,
} as const;

/** The same of VMs whose disks only their guests can read: in runs that have such VMs. */
export const sealedTroubles = {
  'disk-is-rolled-back': 2,
  'old-answer-is-given': 2,
  'request-is-held-back': 2,
  'key-is-tried-for': 7,
  'boot-image-changes': 1,
} as const;

/** What comes beside VMs that are moved: in runs whose owners do that. */
export const movingTroubles = {
  'host-is-judged': 3,
} as const;

export type Chance = keyof typeof chances;
export type SealedTrouble = keyof typeof sealedTroubles;
export type MovingTrouble = keyof typeof movingTroubles;
export type Trouble = keyof typeof troubles | SealedTrouble | MovingTrouble;
export type FaultKind = Chance | Trouble;
export const troubleKinds: readonly Trouble[] = [
  ...keysOf(troubles),
  ...keysOf(sealedTroubles),
  ...keysOf(movingTroubles),
];
export const faultKinds: readonly FaultKind[] = [...keysOf(chances), ...troubleKinds];

/** The keys of a literal. */
export function keysOf<Key extends string>(of: Readonly<Record<Key, unknown>>): readonly Key[] {
  // The keys of a literal that nobody extends.
  return Object.keys(of) as Key[];
}

const consumers = ['spec-publisher', 'vm-admission', 'vm-placement', 'miner-lost', 'deadlines', 'reconciler', 'relay'];

/** How a run spends its steps. */
export const moves = ['write', 'deliver', 'ask', 'wait', 'trouble'] as const;
export type Move = (typeof moves)[number];

/** How much of everything a run has, drawn from its seed. The same plan gives the same log, always. */
export type Plan = {
  readonly seed: number;
  /** Steps with faults, before everything is left to heal. */
  readonly steps: number;
  /** The only ones of them that are taken; `null`: all. */
  readonly keep: readonly number[] | null;
  readonly replicas: number;
  readonly miners: number;
  readonly accounts: number;
  readonly vmsMax: number;
  /** Hosts are small: VMs wait for one another. */
  readonly isCrowded: boolean;
  /** VMs that stand before anything goes wrong. */
  readonly vmsAtFirst: number;
  /** Of 100 VMs, how many have a guest that always crashes. */
  readonly crashersPercent: number;
  /** Of 100 VMs, how many have a disk that only their guest can read. */
  readonly sealedPercent: number;
  /** Of 100 wishes about a VM, how many are of its backups, of its place and of who may log in. */
  readonly movingPercent: number;
  /** A consumer that is far behind the others most of the time. */
  readonly laggard: string | null;
  /** Most writes that one step lets go on. */
  readonly burstMax: number;
  /** Longest wait of one step. */
  readonly waitMaxMs: number;
  readonly weights: Readonly<Record<Move, number>>;
  readonly rates: Readonly<Record<FaultKind, number>>;
  readonly bug: PlantedBug | null;
  /** How long the calm lasts at least: past the longest deadline of anything that may still wait then. */
  readonly calmMinMs: number;
};

/**
 * Draws a plan: each fault is there or not, much or little, independently. A run without a fault goes deeper into the
 * others, which a mix of everything every time never does.
 */
export const drawPlan = (seed: number): Plan => {
  const random = createRandom(seed ^ 0x5eed);
  const some = (base: number): number => (random.chance(0.6) ? base * 2 ** (random.next() * 3 - 1.5) : 0);
  const rates = Object.fromEntries(
    [...Object.entries(chances), ...Object.entries(troubles)].map(([k, v]) => [k, some(v)]),
  );
  const weight = (base: number): number => base * 2 ** (random.next() * 2 - 1);
  const vmsMax = random.pick([1, 3, 6, 10]);
  const sealed = drawApart(seed ^ 0x5ea1ed, [0, 50, 100], sealedTroubles);
  const moving = drawApart(seed ^ 0x30117e, [0, 50, 80], movingTroubles);
  return {
    seed,
    steps: random.pick([300, 600, 1_200]),
    keep: null,
    replicas: random.pick([1, 1, 2, 2, 3]),
    miners: random.between(1, 5),
    accounts: random.between(1, 3),
    vmsMax,
    vmsAtFirst: random.between(0, vmsMax),
    isCrowded: random.chance(0.4),
    crashersPercent: random.pick([0, 0, 30, 100]),
    laggard: random.pick([null, null, ...consumers]),
    burstMax: random.pick([2, 6, 16]),
    waitMaxMs: random.pick([1_000, 4_000, 15_000]),
    weights: { write: weight(50), deliver: weight(24), ask: weight(6), wait: weight(14), trouble: weight(4) },
    rates: { ...rates, ...sealed.rates, ...moving.rates } as Plan['rates'],
    sealedPercent: sealed.percent,
    movingPercent: moving.percent,
    bug: null,
    calmMinMs: 660_000,
  };
};

/** Drawn apart: what a seed has of everything else does not depend on this. */
const drawApart = (
  seed: number,
  percents: readonly number[],
  apart: Readonly<Record<string, number>>,
): { readonly percent: number; readonly rates: Readonly<Record<string, number>> } => {
  const random = createRandom(seed);
  const percent = random.pick(percents);
  const some = (base: number): number =>
    percent > 0 && random.chance(0.6) ? base * 2 ** (random.next() * 3 - 1.5) : 0;
  return { percent, rates: Object.fromEntries(Object.entries(apart).map(([k, v]) => [k, some(v)])) };
};

/** Where the virtual clock begins. */
export const startsAt = Date.UTC(2030, 0, 1);

/** What the network did wrong, at which step of the seed. */
export type Violation = {
  readonly seed: number;
  readonly step: number;
  readonly invariant: string;
  readonly detail: string;
};
