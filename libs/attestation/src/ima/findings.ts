import type { ImaFinding, ImaFindings, ImaReason } from './claims.ts';
import { type ImaEntry, shown } from './entry.ts';
import { limits } from './limits.ts';

/** Findings of one kind: the first are kept, the rest is counted, so that a list full of faults takes no more memory. */
export class Findings {
  #count = 0;
  readonly #first: ImaFinding[] = [];

  add(entry: ImaEntry, reason: ImaReason, attested: boolean): void {
    this.#count += 1;
    if (this.#first.length >= limits.findingsMax) return;
    this.#first.push({ index: entry.index, path: shown(entry.path), digest: entry.digestText, reason, attested });
  }

  get found(): ImaFindings {
    return { count: this.#count, first: [...this.#first] };
  }
}

/** Findings on one line: the first of them by index and path, and how many more there are. */
export const findingsLine = ({ count, first }: ImaFindings): string => {
  const [one] = first;
  if (one === undefined) return 'none';
  const more = count > 1 ? ` and ${count - 1} more` : '';
  return `entry ${one.index} (${one.path}, ${one.reason})${more}`;
};
