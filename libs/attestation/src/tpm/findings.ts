import { type Finding, Good, refusedBy, type Text, WordedFinding, type Words } from '../finding.ts';
import { Malformed } from '../malformed.ts';
import type { Verified } from '../verdict.ts';
import type { TpmRefusalCode } from './refusals.ts';

/** The checks of one verification in the order they were made, and the verdict they come to. */
export class Findings {
  readonly #findings: Finding[] = [];
  #failed = 0;

  /** Adds a check and answers whether it passed. */
  check(code: TpmRefusalCode, passed: boolean, observed: Text, wanted: Text): boolean {
    if (!passed) this.#failed += 1;
    this.#findings.push({ code, outcome: passed ? 'passed' : 'failed', observed, wanted });
    return passed;
  }

  /** The same, in words that are made of `facts` where somebody reads them. */
  worded<Facts>(code: TpmRefusalCode, passed: boolean, facts: Facts, words: (facts: Facts) => Words): boolean {
    if (!passed) this.#failed += 1;
    this.#findings.push(new WordedFinding(code, passed ? 'passed' : 'failed', facts, words));
    return passed;
  }

  unchecked(code: string, observed: Text): void {
    this.#findings.push({ code, outcome: 'unchecked', observed, wanted: 'not asked for' });
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
    const findings = this.#findings;
    return this.#failed === 0 && claims !== undefined ? new Good(claims, findings) : refusedBy(findings);
  }
}
