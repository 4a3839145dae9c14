import type { Check } from '../verdict.ts';
import type { ImaClaims } from './claims.ts';
import { findingsLine } from './findings.ts';
import type { ImaPolicy } from './policy.ts';

/** Codes of failed checks that a policy only warns of: an appraisal lowers its tier by one instead of refusing. */
export const imaWarningCodes: ReadonlySet<string> = new Set(['ima-files-warned', 'ima-violations-warned']);

/**
 * What a policy says about a list that verified, every check in a fixed order. The claims must come from a verifier that was
 * given the same policy: where it was given none, files fail.
 */
export const appraiseIma = (claims: ImaClaims, policy: ImaPolicy): readonly Check[] => [
  quoteCheck(claims, policy),
  bootCheck(claims, policy),
  violationsCheck(claims, policy),
  ...fileChecks(claims),
  notYetAttestedCheck(claims, policy),
];

const outcome = (passed: boolean): Check['outcome'] => (passed ? 'passed' : 'failed');

const quoteCheck = ({ quote }: ImaClaims, { banks, extension }: ImaPolicy): Check => {
  const wanted = `a quote of ${banks.join(' or ')}${extension === 'per-bank' ? ', extended by its own hash' : ''}`;
  const code = 'ima-quote-bank';
  if (quote === 'unchecked') return { code, outcome: 'failed', observed: 'no quote', wanted };
  // A padded SHA-1 in the SHA-1 bank is the SHA-1 itself.
  const padded = quote.extension === 'padded-sha1' && quote.banks.some((bank) => bank !== 'sha1');
  const passed = quote.banks.some((bank) => banks.includes(bank)) && !(padded && extension === 'per-bank');
  return { code, outcome: outcome(passed), observed: `${quote.banks.join(', ')}, ${quote.extension}`, wanted };
};

const bootCheck = ({ bootAggregate }: ImaClaims, policy: ImaPolicy): Check => ({
  code: 'ima-boot-aggregate',
  outcome: policy.bootAggregate === 'unchecked' ? 'unchecked' : outcome(bootAggregate !== 'unchecked'),
  observed: bootAggregate,
  wanted: policy.bootAggregate === 'unchecked' ? 'unchecked by policy' : 'equal to the quoted PCRs 0 to 9',
});

const violationsCheck = ({ violations }: ImaClaims, policy: ImaPolicy): Check => ({
  code: policy.violations === 'warn' ? 'ima-violations-warned' : 'ima-violations',
  outcome: policy.violations === 'accept' ? 'unchecked' : outcome(violations.count === 0),
  observed: findingsLine(violations),
  wanted: policy.violations === 'accept' ? 'unchecked by policy' : 'none',
});

const fileChecks = ({ verdicts }: ImaClaims): readonly Check[] => {
  const wanted = 'no file that the policy does not let be';
  if (verdicts === 'unchecked') {
    return [{ code: 'ima-files', outcome: 'failed', observed: 'not judged by a policy', wanted }];
  }
  const { refused, warned } = verdicts;
  return [
    { code: 'ima-files', outcome: outcome(refused.count === 0), observed: findingsLine(refused), wanted },
    { code: 'ima-files-warned', outcome: outcome(warned.count === 0), observed: findingsLine(warned), wanted },
  ];
};

const notYetAttestedCheck = ({ notYetAttested }: ImaClaims, { notYetAttestedMax }: ImaPolicy): Check => ({
  code: 'ima-not-yet-attested',
  outcome: notYetAttestedMax === 'unchecked' ? 'unchecked' : outcome(notYetAttested.count <= notYetAttestedMax),
  observed: `${notYetAttested.count} entries`,
  wanted: notYetAttestedMax === 'unchecked' ? 'unchecked by policy' : `at most ${notYetAttestedMax}`,
});
