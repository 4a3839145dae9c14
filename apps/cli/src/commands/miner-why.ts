import type { Command } from 'commander';
import { type AppraisalEvent, scoreMax } from '#domain';
import { aggregates } from '#events';
import type { Cli } from '../cli.ts';
import type { Api } from '../client/api.ts';
import { recordedOf } from '../client/recorded.ts';
import type { ReasonView, ReputationView, SlashingView } from '../client/trust.ts';
import type { MinerView } from '../client/views.ts';
import { answer } from '../output/answer.ts';
import { safeText, shortId } from '../output/text.ts';
import { timeText } from '../output/time.ts';
import { findMiner } from './miner-drain.ts';
import { attestedText, deltaText, nextText, scoreText, tierText } from './miner-trust.ts';
import { answerPast, atOption, staleLine } from './moment.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc miner why`: a score, opened into the events it comes from and the checks that failed. */
export const addMinerWhy = (miner: Command, cli: Cli): void => {
  miner
    .command('why')
    .description('why a score is what it is: events, policy versions, failed checks, and how to verify them again')
    .argument('<miner>', 'id, beginning of an id, or name')
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText('after', examples('hcc miner why miner-1', 'hcc miner why 7c --json', 'hcc miner why 7c --at 1d'))
    .action(async (text: string, _options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const { json, at } = optionsOf<{ at?: string }>(command);
      const now = await findMiner(api, text);
      const past = at === undefined ? null : await api.minerAt(now.minerId, at);
      const found = past ?? now;
      const { minerId } = found;
      const reputation = at === undefined ? await api.reputation(minerId) : await api.reputationAt(minerId, at);
      const { items: slashings, stale } =
        at === undefined ? await api.slashings(minerId) : await api.slashingsAt(minerId, at);
      const reasons = await Promise.all(reputation.reasons.map((reason) => opened(api, minerId, reason)));
      // A score is of several streams, the rest of the miner's own: whichever is not followed, not all is told.
      const unfollowed = reputation.stale ?? stale ?? found.stale;
      const value = { ...reputation, name: found.name, attestation: found.attestation, reasons, slashings };
      const told = cli.clock.now();
      const why = (): string =>
        staleLine(unfollowed, told).concat(whyText(found, reputation, reasons, slashings, told));
      if (past === null) answer(cli, json, value, why);
      else answerPast(cli, json, { ...value, asOf: past.asOf }, why);
    });
};

/** A reason with what its event says was wrong. */
type Opened = ReasonView & { readonly verdict: Verdict | null };

type Verdict = {
  readonly appraisalId: string;
  readonly tier: string;
  readonly evidenceSha256: string | null;
  readonly policies: readonly { readonly name: string; readonly version: number; readonly sha256: string }[];
  readonly failed: readonly {
    readonly code: string;
    readonly observed: string;
    readonly wanted: string;
    readonly fix: string;
    readonly doesNotProve: string;
  }[];
  /** Judges that very evidence again, on this machine. */
  readonly verify: string;
};

const opened = async (api: Api, minerId: string, reason: ReasonView): Promise<Opened> => {
  if (reason.type !== 'EvidenceAppraised' || reason.delta > 0) return { ...reason, verdict: null };
  const { items } = await api.streamPage(reason.stream, BigInt(reason.revision), 1);
  const [recorded] = items;
  if (recorded === undefined) return { ...reason, verdict: null };
  return { ...reason, verdict: await verdictOf(minerId, aggregates.appraisal.codec.decode(recordedOf(recorded))) };
};

const verdictOf = async (minerId: string, event: AppraisalEvent): Promise<Verdict | null> => {
  if (event.type !== 'EvidenceAppraised') return null;
  const { explainRefusal } = await import('#attestation');
  const { appraisalId, tier, evidenceSha256, policies } = event;
  const failed = event.refusals.map(({ code, observed, wanted }) => {
    const { fix, doesNotProve } = explainRefusal(code);
    return { code, observed, wanted, fix, doesNotProve };
  });
  const verify = `hcc attest rejudge --miner ${minerId} --appraisal ${appraisalId}`;
  return { appraisalId, tier, evidenceSha256, policies, failed, verify };
};

const whyText = (
  miner: MinerView,
  { score, start, earlier, silence, policyVersion }: ReputationView,
  reasons: readonly Opened[],
  slashings: readonly SlashingView[],
  now: number,
): string => {
  const { attestation } = miner;
  const lines = [
    `${miner.name} (${miner.minerId}): score ${scoreText(score)} (${score} of ${scoreMax}), policy reputation version ${policyVersion}`,
    attestation?.appraisedAt == null
      ? 'not judged yet: no evidence of it has been seen'
      : `judged ${tierText(attestation)}, ${attestedText(attestation, now)} old, next evidence ${nextText(attestation, now)}`,
    '',
    `began with ${scoreText(start)}`,
    ...(earlier === 0 ? [] : [`${deltaText(earlier)}  earlier changes, together`]),
    ...reasons.flatMap((reason) => reasonLines(reason, now)),
    ...(silence === 0 ? [] : [`${deltaText(silence)}  silence since then`]),
    ...slashings.map(
      ({ proposalId, ground, state, needsCorroboration }) =>
        `slashing ${shortId(proposalId)} for ${ground}: ${state}${needsCorroboration ? ', never upheld by itself' : ''}`,
    ),
  ];
  return safeText(`${lines.join('\n')}\n`, 'lines');
};

const reasonLines = (reason: Opened, now: number): readonly string[] => {
  const { at, code, delta, score, stream, revision, type, policyVersion, verdict } = reason;
  const where = `${type} at ${stream}@${revision}, reputation version ${policyVersion}`;
  const line = `${deltaText(delta)}  ${code}, then ${scoreText(score)}: ${timeText(at, now)}, ${where}`;
  if (verdict === null) return [line];
  const { failed, evidenceSha256, policies, verify } = verdict;
  return [
    line,
    ...failed.flatMap(({ code: check, observed, wanted, fix }) => [
      `    ${check}: observed ${observed}; wanted ${wanted}`,
      `      fix: ${fix}`,
    ]),
    `    judged ${verdict.tier} by ${policies.map(({ name, version }) => `${name} version ${version}`).join(', ') || 'no policy'}`,
    `    evidence ${evidenceSha256 ?? 'was not kept'}`,
    ...(evidenceSha256 === null ? [] : [`    verify again: ${verify}`]),
  ];
};
