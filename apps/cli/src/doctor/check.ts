/** What a check came to. `observed` is always there; `fix` wherever something is to be done. */
export type Checked = {
  /** Stable: scripts and runbooks go by it. */
  readonly code: string;
  readonly status: 'PASS' | 'FAIL' | 'WARN' | 'SKIP';
  readonly observed: string;
  readonly wanted: string;
  readonly fix: string | null;
};

/** A check by its code. `look` may throw: that is a failure too, and the others still run. */
export type Check = {
  readonly code: string;
  readonly wanted: string;
  readonly look: () => Promise<Finding | readonly Finding[]>;
};

/** What one look found. `code` and `wanted` where it is about a part of the check. */
export type Finding = {
  readonly status: Checked['status'];
  readonly observed: string;
  readonly fix?: string;
  readonly code?: string;
  readonly wanted?: string;
};

/** Runs every check, whatever the ones before said, in order. */
export const runChecks = async (checks: readonly Check[]): Promise<readonly Checked[]> => {
  const results: Checked[] = [];
  for (const check of checks) {
    const findings = await look(check);
    for (const { status, observed, fix, code, wanted } of findings) {
      results.push({ code: code ?? check.code, status, observed, wanted: wanted ?? check.wanted, fix: fix ?? null });
    }
  }
  return results;
};

const look = async (check: Check): Promise<readonly Finding[]> => {
  try {
    const found = await check.look();
    return 'status' in found ? [found] : found;
  } catch (error) {
    return [{ status: 'FAIL', observed: error instanceof Error ? error.message : String(error) }];
  }
};
