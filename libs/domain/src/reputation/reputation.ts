import type { AppraisalEvent, EvidenceAppraised } from '../appraisal/events.ts';
import { scoreMax } from '../attestation/schedule.ts';
import type { MinerEvent } from '../miner/events.ts';
import { withEntry, withoutEntry } from '../values/recent.ts';
import { addSize, firstShortage, noSize, type Size } from '../values/size.ts';
import { hourMs, type UnixMs } from '../values/time.ts';
import { provenMaxMs, reasonsMax } from './limits.ts';
import type { ReputationPolicy } from './policy.ts';
import type { Reason, ReasonCode, Reputation } from './state.ts';

/** Where an event lies, and when it was recorded: there is no other time here. */
export type ReputationCause = Pick<Reason, 'eventId' | 'stream' | 'revision' | 'at'>;

export type ReputationRules = { readonly policy: ReputationPolicy; readonly version: number };

/**
 * A miner's reputation after one more event of its own stream or of its attester's. Evidence of a host proves nothing that
 * its owner could not fake with another machine's TPM: it only lowers, and gives back what it took, up to the neutral
 * start. What raises above that is time: of being there, and of holding what was promised. Total and exact: the same
 * events give the same score, whenever anybody looks.
 */
export const reputationAfter = (
  before: Reputation | null,
  event: MinerEvent | AppraisalEvent,
  cause: ReputationCause,
  rules: ReputationRules,
): Reputation => {
  const change: Change = { type: event.type, cause, rules };
  const settled = settle(before ?? newcomer(rules.policy, cause.at), change);
  switch (event.type) {
    case 'EvidenceAppraised':
      return event.kind === 'host' ? appraised(settled, event, change) : settled;
    case 'AttestationOverdue':
      return moved(settled, 'overdue', -rules.policy.losses.overdue, change);
    case 'MinerAttached':
      return {
        ...proven(settled, cause.at),
        isUp: true,
        silentFrom: settled.silentFrom ?? cause.at + rules.policy.graceMs,
      };
    case 'MinerLost':
      return { ...moved(settled, 'lost', -rules.policy.losses.lost, change), isUp: false };
    case 'MinerReturned':
      return { ...proven(settled, cause.at), isUp: true };
    case 'CapacityDeclared':
      return declared(settled, event.capacity, change);
    case 'AllocationReserved': {
      const { vmId, generation, size } = event;
      return { ...accrued(settled, cause.at), held: withEntry(settled.held, vmId, { generation, size }) };
    }
    case 'AllocationReleased': {
      if (settled.held.get(event.vmId)?.generation !== event.generation) return settled;
      return { ...accrued(settled, cause.at), held: withoutEntry(settled.held, event.vmId) };
    }
    case 'SlashingDecided':
      return event.outcome === 'upheld' ? moved(settled, 'slashed', -rules.policy.losses.slashed, change) : settled;
    default:
      return settled;
  }
};

/** Its score at a moment: silence counts until then, and nothing else does. */
export const scoreAt = ({ score, silentFrom, decayed }: Reputation, policy: ReputationPolicy, at: UnixMs): number =>
  Math.max(0, score - Math.max(0, decayUntil(silentFrom, policy, at) - decayed));

/** What is due under the rules of before is charged before others hold. */
export const underNewRules = (before: Reputation, cause: ReputationCause, old: ReputationRules): Reputation => {
  const settled = settle(before, { type: 'PolicyPublished', cause, rules: old });
  const isSilent = settled.silentFrom !== null && settled.silentFrom < cause.at;
  return isSilent ? { ...settled, silentFrom: cause.at, decayed: 0 } : settled;
};

type Change = { readonly type: string; readonly cause: ReputationCause; readonly rules: ReputationRules };

const newcomer = ({ neutral }: ReputationPolicy, at: UnixMs): Reputation => ({
  ...{ score: neutral, start: neutral, earlier: 0, losses: [], gains: [], isUp: false, provenUntil: at },
  ...{ silentFrom: null, decayed: 0, failing: 0, capacity: noSize, held: new Map(), heldShareMs: 0, heldSince: at },
  rests: { uptime: 0, delivered: 0 },
});

/** Charges the silence until now. */
const settle = (before: Reputation, change: Change): Reputation => {
  const due = decayUntil(before.silentFrom, change.rules.policy, change.cause.at);
  if (due <= before.decayed) return before;
  return { ...moved(before, 'silence', before.decayed - due, change), decayed: due };
};

const decayUntil = (silentFrom: UnixMs | null, { decayPerHour }: ReputationPolicy, at: UnixMs): number =>
  silentFrom === null || at <= silentFrom
    ? 0
    : Math.min(scoreMax, Math.floor(((at - silentFrom) * decayPerHour) / hourMs));

const appraised = (before: Reputation, event: EvidenceAppraised, change: Change): Reputation => {
  const { policy } = change.rules;
  const { at } = change.cause;
  if (event.tier !== 'affirming') {
    const found = failureOf(event, policy);
    const isGraver = found.loss > before.failing;
    const loss = isGraver ? found.loss : Math.min(found.loss, policy.losses.repeated);
    const after = moved(before, isGraver ? found.code : 'repeated', -loss, change);
    return { ...proven(after, at), failing: Math.max(before.failing, found.loss) };
  }
  const lived = before.isUp ? credited(before, change) : before;
  const lacking = Math.max(0, policy.neutral - lived.score);
  const after = moved(lived, 'restored', Math.min(policy.restored, lacking), change);
  return { ...proven(after, at), failing: 0, silentFrom: event.nextDueAt + policy.graceMs, decayed: 0 };
};

type Failure = { readonly code: ReasonCode; readonly loss: number };

/** The gravest of what is wrong. What is not known is never better than a failure. */
const failureOf = ({ tier, groups }: EvidenceAppraised, { losses }: ReputationPolicy): Failure => {
  if (tier === 'warning') return { code: 'warning', loss: losses.warning };
  const found: readonly Failure[] = [
    ...(groups.tpm === 'contraindicated' ? [{ code: 'tpm', loss: losses.tpm } as const] : []),
    ...(groups.ima === 'contraindicated' ? [{ code: 'ima', loss: losses.ima } as const] : []),
    ...(groups.hardware === 'contraindicated' || groups.launch === 'contraindicated'
      ? [{ code: 'hardware', loss: losses.hardware } as const]
      : []),
  ];
  const other: Failure = { code: 'contraindicated', loss: losses.contraindicated };
  return found.reduce<Failure>((gravest, one) => (one.loss > gravest.loss ? one : gravest), found[0] ?? other);
};

/** The time since it last proved itself: of being there, and of capacity that VMs held in it. */
const credited = (before: Reputation, change: Change): Reputation => {
  const { policy } = change.rules;
  const { rests, heldShareMs } = accrued(before, change.cause.at);
  const upMs = Math.min(Math.max(0, change.cause.at - before.provenUntil), provenMaxMs);
  const uptime = rests.uptime + upMs * policy.uptimePerDay;
  const delivered =
    rests.delivered + Math.min(Math.floor(heldShareMs / scoreMax), provenMaxMs) * policy.deliveredPerDay;
  const room = Math.max(0, policy.uptimeMax - before.score);
  const lived = moved(before, 'uptime', Math.min(room, Math.floor(uptime / dayMs)), change);
  const after = moved(lived, 'delivered', Math.floor(delivered / dayMs), change);
  return { ...after, rests: { uptime: uptime % dayMs, delivered: delivered % dayMs } };
};

const dayMs = 24 * hourMs;

const proven = (before: Reputation, at: UnixMs): Reputation => ({
  ...before,
  ...{ provenUntil: Math.max(before.provenUntil, at), heldSince: Math.max(before.heldSince, at), heldShareMs: 0 },
});

/** Counts what was held until now, before that changes. */
const accrued = (before: Reputation, at: UnixMs): Reputation => {
  const ms = Math.min(Math.max(0, at - before.heldSince), provenMaxMs);
  const heldShareMs = Math.min(before.heldShareMs + ms * shareHeld(before), provenMaxMs * scoreMax);
  return { ...before, heldShareMs, heldSince: Math.max(before.heldSince, at) };
};

/** Of the memory it claims, which is what VMs use up first; in parts of a million. */
const shareHeld = ({ capacity, held }: Reputation): number => {
  if (capacity.memoryBytes === 0) return 0;
  const { memoryBytes } = heldBy(held);
  return Math.min(scoreMax, Math.floor(scoreMax * (memoryBytes / capacity.memoryBytes)));
};

const heldBy = (held: Reputation['held']): Size =>
  [...held.values()].reduce((sum, { size }) => addSize(sum, size), noSize);

/** Who takes back what VMs hold already promised more than there was. */
const declared = (before: Reputation, capacity: Size, change: Change): Reputation => {
  const after = { ...accrued(before, change.cause.at), capacity };
  const isShort = firstShortage(heldBy(before.held), capacity) !== null;
  return isShort ? moved(after, 'shortfall', -change.rules.policy.losses.shortfall, change) : after;
};

/** Moves the score within its bounds, and keeps why. */
const moved = (before: Reputation, code: ReasonCode, wanted: number, { type, cause, rules }: Change): Reputation => {
  const score = Math.min(scoreMax, Math.max(0, before.score + wanted));
  const delta = score - before.score;
  if (delta === 0) return before;
  const reason: Reason = { ...cause, type, code, delta, score, policyVersion: rules.version };
  const list = delta < 0 ? before.losses : before.gains;
  const kept = [...list, reason].slice(-reasonsMax);
  const forgotten = list.length === reasonsMax ? (list[0]?.delta ?? 0) : 0;
  const earlier = before.earlier + forgotten;
  return delta < 0 ? { ...before, score, earlier, losses: kept } : { ...before, score, earlier, gains: kept };
};
