import type { Judge } from './case.ts';
import { judgeIma } from './ima.ts';
import { judgeMeasure } from './measure.ts';
import { judgeSnp } from './snp.ts';
import { judgeTpm } from './tpm.ts';

/** How each kind of manifest is judged. A kind that is not here is refused by name. */
export const judges: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  ['ima', judgeIma],
  ['measure', judgeMeasure],
  ['snp', judgeSnp],
  ['tpm', judgeTpm],
]);
