import { Malformed } from '../malformed.ts';
import type { Check, EvidenceRefusal, Verified } from '../verdict.ts';
import type { TpmRefusalCode } from './refusals.ts';

/** The checks of one verification in the order they were made, and the verdict they come to. */
export class Findings {
  readonly #checks: Check[] = [];

  /** Adds a check and answers whether it passed. The texts are made only where they are read. */
  check(code: TpmRefusalCode, passed: boolean, observed: string, wanted: string): boolean {
    this.#checks.push({ code, outcome: passed ? 'passed' : 'failed', observed, wanted });
    return passed;
  }

  unchecked(code: string, observed: string): void {
    this.#checks.push({ code, outcome: 'unchecked', observed, wanted: 'not asked for' });
  }

  /** What `parse` reads, or undefined with a failed check when the bytes are not that. */
  parsed<T>(code: TpmRefusalCode | ((error: Malformed) => TpmRefusalCode), parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const where = error.offset === undefined ? '' : ` at byte ${error.offset}`;
      const observed = `${error.what} is ${error.observed}${where}`;
      this.check(typeof code === 'string' ? code : code(error), false, observed, error.wanted);
      return undefined;
    }
  }

  /** Ok when something was checked and nothing failed. */
  verdict<Claims>(claims: Claims | undefined): Verified<Claims> {
    const checks = this.#checks;
    const refusals: EvidenceRefusal[] = [];
    for (const { code, outcome, observed, wanted } of checks) {
      if (outcome === 'failed') refusals.push({ code, observed, wanted });
    }
    if (refusals.length === 0 && claims !== undefined) return { ok: true, claims, checks };
    return { ok: false, refusals, checks };
  }
}
