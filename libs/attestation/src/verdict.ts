/** One thing a verifier looked at. `unchecked` is a policy that says so, never an omission. */
export interface Check {
  /** Kebab-case and stable, prefixed by the anchor: `snp-report-signature`, `tpm-nonce`, `ima-template-hash`. */
  readonly code: string;
  readonly outcome: 'passed' | 'failed' | 'unchecked';
  /** What the evidence says, short enough for a line on a screen. Never a secret. */
  readonly observed: string;
  readonly wanted: string;
}

/** A check that failed, as it is stored, shown and answered. The words are in the table of its anchor (`RefusalWords`). */
export interface EvidenceRefusal {
  readonly code: string;
  readonly observed: string;
  readonly wanted: string;
}

/** What a person is told about a refusal code, whatever the evidence. */
export interface RefusalWords {
  readonly title: string;
  /** What the holder of the evidence does about it. */
  readonly fix: string;
  /** What must not be concluded from this refusal, or from its absence. */
  readonly doesNotProve: string;
}

/** Verification answers what is true of the bytes; whether that is good enough is the appraisal's question. */
export type Verified<Claims> =
  | { readonly ok: true; readonly claims: Claims; readonly checks: readonly Check[] }
  | { readonly ok: false; readonly refusals: readonly EvidenceRefusal[]; readonly checks: readonly Check[] };
