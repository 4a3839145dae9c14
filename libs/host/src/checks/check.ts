/** What a check came to. `observed` is always there; `fix` wherever something is to be done. */
export type Checked = {
  /** Stable: scripts, alerts and runbooks go by it. */
  readonly code: string;
  /** For a person: two or three words. */
  readonly name: string;
  readonly status: CheckStatus;
  readonly observed: string;
  readonly wanted: string;
  readonly fix: string | null;
};

export type CheckStatus = 'PASS' | 'FAIL' | 'WARN' | 'SKIP';

/** A check by its code. `look` may throw: that is a failure too, and the others still run. */
export type Check = {
  readonly code: string;
  readonly name: string;
  readonly wanted: string;
  readonly look: () => Promise<Finding | readonly Finding[]>;
};

/** What one look found. `code`, `name` and `wanted` where it is about a part of the check. */
export type Finding = {
  readonly status: CheckStatus;
  readonly observed: string;
  readonly fix?: string;
  readonly code?: string;
  readonly name?: string;
  readonly wanted?: string;
};

/** Runs every check, whatever the others say, all at once: the slowest is how long they take. In their order. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Checked[]> {
  const found = await Promise.all(checks.map(async (check) => ({ check, findings: await look(check) })));
  return found.flatMap(({ check, findings }) =>
    findings.map(({ status, observed, fix, code, name, wanted }) => ({
      code: code ?? check.code,
      name: name ?? check.name,
      status,
      observed,
      wanted: wanted ?? check.wanted,
      fix: fix ?? null,
    })),
  );
}

/** What a list of checks comes to, as monitoring reads it (Nagios): 0 all well, 1 a warning, 2 a failure. Pure. */
export function checksExitCode(checks: readonly Pick<Checked, 'status'>[]): 0 | 1 | 2 {
  if (checks.some(({ status }) => status === 'FAIL')) return 2;
  return checks.some(({ status }) => status === 'WARN') ? 1 : 0;
}

async function look(check: Check): Promise<readonly Finding[]> {
  try {
    const found = await check.look();
    return 'status' in found ? [found] : found;
  } catch (error) {
    return [{ status: 'FAIL', observed: error instanceof Error ? error.message : String(error) }];
  }
}
