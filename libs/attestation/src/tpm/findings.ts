import { Malformed } from '../malformed.ts';
import type { Check, EvidenceRefusal, Verified } from '../verdict.ts';
import type { TpmRefusalCode } from './refusals.ts';

/** What a check says, or how to make it: most quotes are good, and of a good one nobody reads it. */
export type Text = string | (() => string);

type Finding = {
  readonly code: string;
  readonly outcome: Check['outcome'];
  readonly observed: Text;
  readonly wanted: Text;
};

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
    if (this.#failed === 0 && claims !== undefined) return new Good(claims, findings);
    const checks = findings.map(told);
    const refusals: EvidenceRefusal[] = [];
    for (const { code, outcome, observed, wanted } of checks) {
      if (outcome === 'failed') refusals.push({ code, observed, wanted });
    }
    return { ok: false, refusals, checks };
  }
}

/** A good verdict. Its claims are plain data at once, and so are its checks from their first reading. */
class Good<Claims> {
  readonly ok = true;
  readonly claims: Claims;
  readonly #findings: readonly Finding[];
  #checks: readonly Check[] | undefined;

  constructor(claims: Claims, findings: readonly Finding[]) {
    this.claims = claims;
    this.#findings = findings;
  }

  get checks(): readonly Check[] {
    this.#checks ??= this.#findings.map(told);
    return this.#checks;
  }

  toJSON(): Verified<Claims> {
    const { ok, claims, checks } = this;
    return { ok, claims, checks };
  }
}

const told = ({ code, outcome, observed, wanted }: Finding): Check => ({
  code,
  outcome,
  observed: typeof observed === 'string' ? observed : observed(),
  wanted: typeof wanted === 'string' ? wanted : wanted(),
});
