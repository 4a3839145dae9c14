import { Refusal } from '../errors.ts';
import { assertText } from '../values/names.ts';
import { withRecent } from '../values/recent.ts';
import type { MinerCommand } from './commands.ts';
import type { MinerEvent, SlashingGround } from './events.ts';
import { slashingReasonLengthMax, slashingsMax } from './limits.ts';
import type { Miner } from './state.ts';

/** A proposal to take something from a miner, and how far it has come. */
export type Slashing = {
  readonly proposalId: string;
  readonly ground: SlashingGround;
  readonly appraisalId: string;
  /** It may not be upheld by itself: a list of files is only as good as the machine that kept it. */
  readonly needsCorroboration: boolean;
  readonly appeal: string | null;
  readonly decision: { readonly outcome: 'upheld' | 'withdrawn'; readonly reason: string } | null;
};

type Command<Type extends MinerCommand['type']> = Extract<MinerCommand, { type: Type }>;

/** One open proposal for each ground: the same failure, seen again, is no second crime. */
export const proposeSlashing = (miner: Miner, command: Command<'ProposeSlashing'>): readonly MinerEvent[] => {
  const { proposalId, ground, appraisalId } = command;
  const isKnown = miner.slashings.has(proposalId);
  const isOpen = [...miner.slashings.values()].some((one) => one.ground === ground && one.decision === null);
  if (isKnown || isOpen) return [];
  const needsCorroboration = ground === 'ima-mismatch';
  return [{ type: 'SlashingProposed', proposalId, ground, appraisalId, needsCorroboration }];
};

/** An appeal says why the proposal is wrong; the same words again decide nothing. */
export const appealSlashing = (miner: Miner, command: Command<'AppealSlashing'>): readonly MinerEvent[] => {
  const { proposalId, reason } = command;
  const found = slashingOf(miner, proposalId);
  if (found.appeal === reason) return [];
  assertText('reason of an appeal', reason, 1, slashingReasonLengthMax);
  demandOpen(found);
  return [{ type: 'SlashingAppealed', proposalId, reason }];
};

/**
 * Upholds or withdraws a proposal. Refuses to uphold one that stands on a measurement list alone: another ground must
 * have been proposed for the same miner, and not been withdrawn.
 */
export const decideSlashing = (miner: Miner, command: Command<'DecideSlashing'>): readonly MinerEvent[] => {
  const { proposalId, outcome, reason } = command;
  const found = slashingOf(miner, proposalId);
  if (found.decision?.outcome === outcome && found.decision.reason === reason) return [];
  assertText('reason of a decision', reason, 1, slashingReasonLengthMax);
  demandOpen(found);
  if (outcome === 'upheld' && found.needsCorroboration && !isCorroborated(miner, found)) {
    throw new Refusal(
      'slashing-not-corroborated',
      `proposal ${proposalId} stands on a measurement list alone (${found.ground}), which no miner is slashed for; withdraw it, or wait for a failure of its TPM or hardware`,
      { proposalId, ground: found.ground },
    );
  }
  return [{ type: 'SlashingDecided', proposalId, outcome, reason }];
};

/** A miner with what a slashing event says. One about a proposal that is not remembered changes nothing. */
export const evolveSlashing = (
  miner: Miner,
  event: Extract<MinerEvent, { type: 'SlashingProposed' | 'SlashingAppealed' | 'SlashingDecided' }>,
): Miner => {
  const { proposalId } = event;
  const put = (slashing: Slashing): Miner => ({
    ...miner,
    slashings: withRecent(miner.slashings, proposalId, slashing, slashingsMax),
  });
  if (event.type === 'SlashingProposed') {
    const { ground, appraisalId, needsCorroboration } = event;
    return put({ proposalId, ground, appraisalId, needsCorroboration, appeal: null, decision: null });
  }
  const found = miner.slashings.get(proposalId);
  if (found === undefined) return miner;
  if (event.type === 'SlashingAppealed') return put({ ...found, appeal: event.reason });
  return put({ ...found, decision: { outcome: event.outcome, reason: event.reason } });
};

const isCorroborated = (miner: Miner, { ground }: Slashing): boolean =>
  [...miner.slashings.values()].some((one) => one.ground !== ground && one.decision?.outcome !== 'withdrawn');

const slashingOf = (miner: Miner, proposalId: string): Slashing => {
  const found = miner.slashings.get(proposalId);
  if (found !== undefined) return found;
  throw new Refusal(
    'slashing-not-found',
    `miner ${miner.minerId} has no proposal ${proposalId}; \`hcc miner slashing ls ${miner.minerId}\` lists them`,
    { proposalId },
  );
};

const demandOpen = ({ proposalId, decision }: Slashing): void => {
  if (decision === null) return;
  throw new Refusal('slashing-decided', `proposal ${proposalId} was ${decision.outcome} already: ${decision.reason}`, {
    ...{ proposalId, outcome: decision.outcome },
  });
};
