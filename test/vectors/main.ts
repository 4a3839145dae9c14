import { parseArgs } from 'node:util';
import { ManifestError } from './case.ts';
import { judges } from './judges.ts';
import { type CaseResult, type Report, runVectors } from './run.ts';

const help = `Usage: npm run vectors -- DIR... [--json]

Runs every case of the manifest.json in each DIR, or in each folder of it, against libs/attestation.
Exit code 0: every case agrees; 1: one does not; 2: usage, or a folder that cannot be read.

  --json   one JSON value: {ok, cases: [{kind, id, expected, got, reason, ok}]}, with policy_verdict where a case names one

Examples:
  npm run vectors -- ../shared/vectors
  npm -s run vectors -- ../shared/vectors/snp ../shared/vectors/tpm --json
`;

const run = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (positionals.length === 0) throw new ManifestError('no folder is named');
  const report = await runVectors(positionals, judges);
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : text(report));
  return report.ok ? 0 : 1;
};

const text = ({ ok, cases }: Report): string => {
  const kinds = [...new Set(cases.map(({ kind }) => kind))];
  const lines = [
    ...cases.filter((one) => !one.ok).map(lineOf),
    ...kinds.map((kind) => {
      const own = cases.filter((one) => one.kind === kind);
      return `${kind}: ${own.filter((one) => one.ok).length} of ${own.length} cases agree`;
    }),
    ok ? 'all agree' : 'not all agree',
  ];
  return lines.map((line) => `${line.replaceAll(/[^\P{C}]/gu, '·')}\n`).join('');
};

const lineOf = (one: CaseResult): string => {
  const policy =
    one.policy_verdict === one.expected_policy_verdict
      ? ''
      : `, policy says ${one.policy_verdict}, expected ${one.expected_policy_verdict}`;
  return `DIFFERS ${one.kind} ${one.id}: got ${one.got}, expected ${one.expected}${policy}: ${one.reason}`;
};

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`vectors: ${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  process.exitCode = 2;
}
