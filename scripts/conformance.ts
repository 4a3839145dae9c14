import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const help = `Usage: npm run conformance -- --store memory|sqlite|kurrent [--json]

Runs the event-store conformance cases on one store. kurrent is the test server of this repository, or the KurrentDB
that KURRENTDB_URL names. Exit code 0: every case passed; 1: one did not; 2: wrong usage.

Examples:
  npm run conformance -- --store sqlite
  KURRENTDB_URL='kurrentdb://localhost:2113?tls=false' npm run conformance -- --store kurrent --json
`;

const specs: Readonly<Record<string, string>> = {
  memory: 'libs/adapters/memory/src/event-store.spec.ts',
  sqlite: 'libs/adapters/sqlite/src/conformance.int.spec.ts',
  kurrent: 'libs/adapters/kurrent/src/conformance.int.spec.ts',
};

type Case = { readonly fullName: string; readonly status: string; readonly failureMessages?: readonly string[] };
type Report = { readonly testResults: readonly { readonly assertionResults: readonly Case[] }[] };

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  const store = args[args.indexOf('--store') + 1] ?? '';
  const spec = args.includes('--store') ? specs[store] : undefined;
  const unknown = args.find((arg) => arg !== '--store' && arg !== store && arg !== '--json');
  if (spec === undefined || unknown !== undefined) {
    const observed = unknown ?? (args.includes('--store') ? `--store ${store}` : 'no --store');
    process.stderr.write(`conformance: ${observed}; wanted --store memory|sqlite|kurrent [--json]\n${help}`);
    return 2;
  }
  const asJson = args.includes('--json');
  const dir = mkdtempSync(join(tmpdir(), 'hcc-conf-'));
  try {
    const cases = await run(spec, join(dir, 'report.json'), asJson);
    return tell(store, cases, asJson);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Every case of a spec with what it came to; a person sees them as they run. */
async function run(spec: string, file: string, isQuiet: boolean): Promise<readonly Case[]> {
  const reporters = isQuiet ? ['--reporter=json'] : ['--reporter=verbose', '--reporter=json'];
  const args = ['node_modules/vitest/vitest.mjs', 'run', spec, ...reporters, `--outputFile.json=${file}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', isQuiet ? 'ignore' : 'inherit', 'inherit'] });
  await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  return report.testResults.flatMap(({ assertionResults }) => assertionResults);
}

function tell(store: string, all: readonly Case[], asJson: boolean): number {
  const cases = all.filter(({ fullName }) => fullName.startsWith('event store:'));
  const withStatus = (status: string) => cases.filter((each) => each.status === status);
  const failed = cases.filter(({ status }) => status === 'failed');
  const ok = failed.length === 0 && withStatus('passed').length > 0;
  const skipped = cases.length - withStatus('passed').length - failed.length;
  const server =
    store === 'kurrent' ? (process.env.KURRENTDB_URL === undefined ? 'test server' : 'KURRENTDB_URL') : null;
  if (asJson) {
    const failures = failed.map(({ fullName, failureMessages = [] }) => ({
      case: fullName,
      detail: failureMessages[0],
    }));
    const counts = { cases: cases.length, passed: withStatus('passed').length, failed: failed.length, skipped };
    process.stdout.write(`${JSON.stringify({ ok, store, server, ...counts, failures })}\n`);
  } else {
    const on = server === null ? store : `${store} (${server})`;
    process.stdout.write(
      `${on}: ${withStatus('passed').length} of ${cases.length} cases passed, ${failed.length} failed, ${skipped} skipped\n`,
    );
  }
  return ok ? 0 : 1;
}
