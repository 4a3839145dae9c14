import { credits, type MicroCredits } from '../values/money.ts';
import { gibibyte, mebibyte, type Size } from '../values/size.ts';

/** Below this no guest boots. */
export const flavorSizeMin: Size = { vcpus: 1, memoryBytes: 64 * mebibyte, diskBytes: 64 * mebibyte };
/** The largest single machine that is sold; more is a mistake of units. */
export const flavorSizeMax: Size = { vcpus: 512, memoryBytes: 24_576 * gibibyte, diskBytes: 65_536 * gibibyte };
/** Hosts give memory and disk out in whole mebibytes. */
export const diskUnitBytes = mebibyte;
/** Catches micro-credits typed as credits. */
export const flavorPriceMax: MicroCredits = credits(10_000n);
/** A sentence for whoever asks for it the next day. */
export const retireReasonLengthMax = 200;
