import type { Check, EvidenceRefusal, Verified } from '../verdict.ts';
import type { ImaBank, ImaClaims, ImaProgress } from './claims.ts';
import { findingsLine } from './findings.ts';
import type { ImaRefusalCode } from './refusals.ts';
import type { Reached } from './replays.ts';
import type { ImaState } from './state.ts';
import type { ImaQuotedPcr, ImaVerification } from './verification.ts';

/** The answer on a list that was read to its end, or as far as it could be. */
export const concludeIma = (told: ImaVerification, state: ImaState): Verified<ImaClaims> => {
  const checks = [...formChecks(told, state), ...continuityChecks(told, state), ...quoteChecks(told, state)];
  const refusals = checks.filter(({ outcome }) => outcome === 'failed').map(refusalOf);
  return refusals.length === 0 ? { ok: true, claims: claimsOf(told, state), checks } : { ok: false, refusals, checks };
};

const refusalOf = ({ code, observed, wanted }: Check): EvidenceRefusal => ({ code, observed, wanted });

const check = (code: ImaRefusalCode, passed: boolean, observed: string, wanted: string): Check => ({
  code,
  outcome: passed ? 'passed' : 'failed',
  observed,
  wanted,
});

const formChecks = (told: ImaVerification, { malformed, startsWrong, entries, badHashes }: ImaState): Check[] => {
  const start = told.progress === 'first-round' ? '0' : `${told.progress.attested.entries} or 0`;
  const first = check('ima-log-first-entry', !startsWrong, `entry ${told.firstEntry}`, `entry ${start}`);
  if (startsWrong) return [first];
  const isUnknown = malformed?.what.endsWith(' template') === true && malformed.code === 'unknown-form';
  const observed = malformed === null ? `${entries} entries` : `${malformed.what} is ${malformed.observed}`;
  return [
    first,
    check('ima-log-form', malformed === null || isUnknown, observed, malformed?.wanted ?? 'whole entries'),
    check('ima-template-known', !isUnknown, isUnknown ? observed : 'known', malformed?.wanted ?? 'known'),
    check(
      'ima-template-hash',
      badHashes.found.count === 0,
      findingsLine(badHashes.found),
      'no entry with another hash',
    ),
  ];
};

const continuityChecks = ({ progress }: ImaVerification, { entries, passed, startsWrong }: ImaState): Check[] => {
  if (progress === 'first-round' || startsWrong) return [];
  const changed = passed.find(({ same }) => !same);
  return [
    check(
      'ima-log-rewritten',
      changed === undefined,
      changed === undefined ? 'as remembered' : `other entries before entry ${changed.entries}`,
      'as remembered',
    ),
    check(
      'ima-log-went-back',
      entries >= progress.seen.entries,
      `${entries} entries`,
      `${progress.seen.entries} or more`,
    ),
  ];
};

const quoteChecks = (told: ImaVerification, state: ImaState): Check[] => {
  const { reached } = state.replays;
  const checks: Check[] = [];
  if (told.quote === 'unchecked') {
    checks.push({ code: 'ima-quote-match', outcome: 'unchecked', observed: 'no quote', wanted: 'a quoted PCR 10' });
  } else {
    const wanted = told.quote.map(({ bank, value }) => `${bank}:${value}`).join(', ') || 'a quoted PCR 10';
    const met = reached === null ? notMet(told.quote, state) : metAfter(reached);
    checks.push(check('ima-quote-match', reached !== null, met, wanted));
  }
  if (told.progress !== 'first-round' && reached !== null) {
    const { entries } = told.progress.seen;
    const observed = `met after ${reached.entries} entries`;
    checks.push(check('ima-quote-progress', reached.entries >= entries, observed, `after ${entries} or more`));
  }
  return [...checks, ...bootChecks(told, state)];
};

const metAfter = ({ entries, violations }: Reached): string =>
  `met after ${entries} entries${violations === 'all-ones' ? '' : ', violations as before Linux 5.8'}`;

const notMet = (quote: readonly ImaQuotedPcr[], { entries }: ImaState): string =>
  quote.some(({ value }) => !/^0+$/.test(value))
    ? `not met in ${entries} entries`
    : `a register that nothing extended, and ${entries} entries that nobody attested`;

const bootChecks = ({ bootPcrs, firstEntry }: ImaVerification, { bootAggregate }: ImaState): Check[] => {
  const code = 'ima-boot-aggregate';
  if (bootPcrs === 'unchecked') {
    return [{ code, outcome: 'unchecked', observed: 'no PCRs 0 to 9', wanted: 'the quoted PCRs 0 to 9' }];
  }
  if (firstEntry > 0) return [check(code, true, 'equal in an earlier round', 'equal in an earlier round')];
  const { holds, observed, wanted } = bootAggregate ?? {
    ...{ holds: false, observed: 'no entry', wanted: 'boot_aggregate' },
  };
  return [check(code, holds, observed, wanted)];
};

const claimsOf = (told: ImaVerification, state: ImaState): ImaClaims => {
  const { reached } = state.replays;
  const quoted = told.quote === 'unchecked' ? [] : told.quote.map(({ bank }) => bank);
  const unattested = reached === null ? 0 : state.entries - reached.entries;
  return {
    ...{ kind: 'ima-list', form: told.form, listBank: told.listBank, hashedAs: told.hashedAs },
    ...{ entries: state.entries, firstEntry: told.firstEntry },
    ...{ templates: { ...state.templates }, replay: state.replays.current },
    quote: reached === null ? 'unchecked' : quoteOf(reached, quoted),
    notYetAttested: {
      count: told.quote === 'unchecked' ? state.entries - told.firstEntry : unattested,
      firstIndex: reached !== null && unattested > 0 ? reached.entries : null,
    },
    bootAggregate: told.bootPcrs === 'unchecked' ? 'unchecked' : told.firstEntry > 0 ? 'earlier-round' : 'equal',
    ...{ signatures: { ...state.signatures }, violations: state.violations.found },
    verdicts: told.policy === 'unchecked' ? 'unchecked' : verdictsOf(state),
    progress: progressOf(state),
  };
};

const quoteOf = ({ entries, extension, violations }: Reached, banks: readonly ImaBank[]): ImaClaims['quote'] => ({
  ...{ entries, banks, extension, violations },
});

const verdictsOf = ({ accepted, byReason, warned, refused }: ImaState): ImaClaims['verdicts'] => ({
  accepted,
  byReason: { ...byReason },
  warned: warned.found,
  refused: refused.found,
});

const progressOf = ({ replays, entries, loadedKeys }: ImaState): ImaProgress | null => {
  if (replays.reached === null) return null;
  const { entries: reached, extension, violations, replay } = replays.reached;
  return {
    version: 1,
    extension,
    attested: { entries: reached, replay },
    seen: { entries, replay: replays.replay(extension, violations) },
    loadedKeys: loadedKeys.attested,
  };
};
