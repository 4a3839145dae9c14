import type { Check, EvidenceRefusal, Verified } from './verdict.ts';

/** What a check says, or how to make it: most evidence is good, and of a good verdict nobody reads it. */
export type Text = string | (() => string);

/** A check whose words may still have to be made. */
export interface Finding {
  readonly code: string;
  readonly outcome: Check['outcome'];
  readonly observed: Text;
  readonly wanted: Text;
}

/** What a check says. */
export interface Words {
  readonly observed: string;
  readonly wanted: string;
}

/** A finding that keeps what its words are made of: one function serves all evidence, where a closure for each would be made anew. */
export class WordedFinding<Facts> implements Finding {
  readonly code: string;
  readonly outcome: Check['outcome'];
  readonly #facts: Facts;
  readonly #words: (facts: Facts) => Words;

  constructor(code: string, outcome: Check['outcome'], facts: Facts, words: (facts: Facts) => Words) {
    this.code = code;
    this.outcome = outcome;
    this.#facts = facts;
    this.#words = words;
  }

  get observed(): string {
    return this.#words(this.#facts).observed;
  }

  get wanted(): string {
    return this.#words(this.#facts).wanted;
  }
}

export const told = ({ code, outcome, observed, wanted }: Finding): Check => ({
  code,
  outcome,
  observed: typeof observed === 'string' ? observed : observed(),
  wanted: typeof wanted === 'string' ? wanted : wanted(),
});

export const hasFailed = ({ outcome }: Finding): boolean => outcome === 'failed';

/** A verdict without claims: what failed, and all that was looked at. */
export const refusedBy = <Claims>(findings: readonly Finding[]): Verified<Claims> => {
  const checks = findings.map(told);
  const refusals: EvidenceRefusal[] = [];
  for (const { code, outcome, observed, wanted } of checks) {
    if (outcome === 'failed') refusals.push({ code, observed, wanted });
  }
  return { ok: false, refusals, checks };
};

/** A good verdict. Its claims are plain data at once, and so are its checks from their first reading. */
export class Good<Claims> {
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
