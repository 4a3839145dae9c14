import { gibibyte, type Size } from '../values/size.ts';

/**
 * Far above any host that is sold, far below where the sum of two sizes stops being an exact number: what is larger is
 * a mistake of units, and would draw every VM to one miner.
 */
export const capacityMax: Size = { vcpus: 4_096, memoryBytes: 65_536 * gibibyte, diskBytes: 1_048_576 * gibibyte };

/** A sentence for whoever wonders why a miner gets no work. */
export const drainReasonLengthMax = 200;

/**
 * VMs whose refused or released allocation a miner remembers. A repeat comes within minutes and the handler knows older
 * commands by their id; a reservation repeated even later is confirmed to nobody and released again.
 */
export const settledMax = 1_000;

/** Proposals a miner remembers. One stands open for each ground; who has had more is not on the network for long. */
export const slashingsMax = 32;

/** Why somebody appeals, or decides: a few sentences. */
export const slashingReasonLengthMax = 200;
