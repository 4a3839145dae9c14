import {
  appraisalRefusals,
  type Check,
  type EvidenceRefusal,
  guestRefusals,
  imaRefusals,
  Malformed,
  measureRefusals,
  type RefusalWords,
  snpRefusals,
  tpmRefusals,
} from '#attestation';
import type { Cli } from '../../cli.ts';
import { badAnswer, exitCodes } from '../../cli-error.ts';
import { answer } from '../../output/answer.ts';
import { facts, table } from '../../output/table.ts';
import { safeText } from '../../output/text.ts';

/** What was found out about one piece of evidence. */
export type EvidenceReport = {
  readonly what: string;
  readonly checks: readonly Check[];
  /** Only of evidence that verified. */
  readonly claims: object | null;
  /** The claims for a person. */
  readonly shown: readonly (readonly [string, string])[];
  /** Said before anything else: that a simulated processor speaks, or that no policy was asked. */
  readonly notes: readonly string[];
};

/** Answers with a report; a check that failed makes the exit code 1. */
export const answerReport = (cli: Cli, json: boolean | undefined, report: EvidenceReport): void => {
  const failed = report.checks.filter(({ outcome }) => outcome === 'failed');
  const ok = failed.length === 0 && report.claims !== null;
  const refusals = failed.map(({ code, observed, wanted }) => ({ code, observed, wanted, ...wordsOf(code) }));
  const { what, notes, checks, claims } = report;
  answer(cli, json, { ok, what, notes, checks, refusals, claims }, () => reportText(report, ok, refusals));
  if (!ok) cli.exit.code = exitCodes.bad;
};

/** Runs a parser of the file of an option (`--vek vek.der`); what it refuses is a bad answer that names both. */
export const parsed = <T>(option: string, parse: () => T): T => {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const { what, observed, wanted, offset } = error;
    throw badAnswer('evidence-malformed', `${option}: ${what} is not what it should be`, {
      ...{ observed: offset === undefined ? observed : `${observed} at byte ${offset}`, wanted },
      fix: 'give the file that this option is for; hcc attest show FILE says what one is',
    });
  }
};

type Refusal = EvidenceRefusal & Partial<RefusalWords>;

const allWords: ReadonlyMap<string, RefusalWords> = new Map(
  [snpRefusals, tpmRefusals, imaRefusals, measureRefusals, appraisalRefusals, guestRefusals].flatMap((words) =>
    Object.entries<RefusalWords>(words),
  ),
);

const wordsOf = (code: string): Partial<RefusalWords> => allWords.get(code) ?? {};

const reportText = (report: EvidenceReport, ok: boolean, refusals: readonly Refusal[]): string => {
  const unchecked = report.checks.filter(({ outcome }) => outcome === 'unchecked').map(({ code }) => code);
  const verdict = ok ? 'verified' : `refused by ${refusals.length} of ${report.checks.length} checks`;
  const rows = report.checks.map(({ code, outcome, observed, wanted }) => [
    ...[code, outcome === 'failed' ? 'FAILED' : outcome],
    ...[short(observed), short(wanted)],
  ]);
  return [
    ...report.notes.map((note) => `${safeText(note)}\n`),
    `${safeText(report.what)}: ${verdict}\n\n`,
    table(['CHECK', 'RESULT', 'OBSERVED', 'WANTED'], rows),
    ...(report.shown.length === 0 || !ok ? [] : ['\n', facts(report.shown)]),
    ...refusals.map((refusal) => `\n${refusalText(refusal)}`),
    ...(unchecked.length === 0 ? [] : [`\nleft to you: ${unchecked.join(', ')}\n`]),
  ].join('');
};

/** A refusal as it is read: what, seen and wanted in full, what to do, and what not to conclude. */
const refusalText = ({ code, title, observed, wanted, fix, doesNotProve }: Refusal): string =>
  [
    `${code}: ${title ?? 'refused'}`,
    ...[`  observed ${observed}`, `  wanted ${wanted}`],
    ...(fix === undefined ? [] : [`  fix: ${fix}`]),
    ...(doesNotProve === undefined ? [] : [`  does not prove: ${doesNotProve}`]),
  ]
    .map((line) => `${safeText(line)}\n`)
    .join('');

const cellCharsMax = 56;

const short = (text: string): string => (text.length > cellCharsMax ? `${text.slice(0, cellCharsMax)}…` : text);
