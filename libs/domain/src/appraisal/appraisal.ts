import type { Decider } from '../decider.ts';
import { Refusal, unreachable } from '../errors.ts';
import type { AttesterId } from '../values/ids.ts';
import { withRecent } from '../values/recent.ts';
import { formatInstant, type UnixMs } from '../values/time.ts';
import type {
  AppraisalClaims,
  AppraisalEvent,
  AppraisalProgress,
  AttestationKeyEnrolled,
  EvidenceAppraised,
  Tier,
} from './events.ts';
import { appraisalRefusalsMax, usedNoncesMax } from './limits.ts';

export type AppraisalCommand = { readonly now: UnixMs } & (
  | (Omit<AttestationKeyEnrolled, 'type'> & { readonly type: 'EnrolAttestationKey' })
  | (Omit<EvidenceAppraised, 'type' | 'appraisedAt'> & { readonly type: 'RecordAppraisal' })
  | { readonly type: 'DeclareOverdue'; readonly attesterId: AttesterId; readonly dueAt: UnixMs }
);

export type AttestationKey = Omit<AttestationKeyEnrolled, 'type' | 'attesterId'>;

/** The newest verdict. */
export type LastAppraisal = Pick<
  EvidenceAppraised,
  'appraisalId' | 'appraisedAt' | 'tier' | 'groups' | 'platform' | 'refusals' | 'nextDueAt' | 'evidenceSha256'
> & { readonly claims: AppraisalClaims };

export type Attester = {
  readonly attesterId: AttesterId;
  readonly key: AttestationKey | null;
  readonly last: LastAppraisal | null;
  readonly lastAffirmedAt: UnixMs | null;
  /** Appraisals since the last affirming one. */
  readonly failuresInRow: number;
  readonly appraisals: number;
  /** Affirming ones among them. */
  readonly affirmed: number;
  /** Left by the last appraisal that got so far: one that fails earlier takes nothing back. */
  readonly progress: AppraisalProgress;
  /** SHA-256 of used nonces, by when each would have expired. Only those that somebody could still send. */
  readonly usedNonces: ReadonlyMap<string, UnixMs>;
  /** The due time that passed without evidence; `null` once there is some. */
  readonly overdueSince: UnixMs | null;
};

/** `null` before the first event. */
export type AppraisalState = Attester | null;

/**
 * The rules of one `appraisal-<attesterId>` stream, which only the attestor writes: what an attester showed, how it was
 * judged, and when it shows something again. A nonce is used up by the appraisal that is appended, so it works once
 * however many attestors there are.
 */
export const appraisal: Decider<AppraisalState, AppraisalCommand, AppraisalEvent> = {
  initial: null,
  decide: (state, command) => {
    switch (command.type) {
      case 'EnrolAttestationKey':
        return enrol(state, command);
      case 'RecordAppraisal':
        return record(state, command);
      case 'DeclareOverdue':
        return declareOverdue(state, command);
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => evolveAttester(state ?? unknownAttester(event.attesterId), event),
};

type Command<Type extends AppraisalCommand['type']> = Extract<AppraisalCommand, { type: Type }>;

/** Another key takes the old one's place: a TPM was cleared or a host replaced, and the endorsement key was proved anew. */
const enrol = (state: AppraisalState, command: Command<'EnrolAttestationKey'>): readonly AppraisalEvent[] => {
  const { type: _, now: __, ...key } = command;
  const isSame = state?.key?.akName === key.akName && state.key.ekPublicSha256 === key.ekPublicSha256;
  return isSame ? [] : [{ type: 'AttestationKeyEnrolled', ...key }];
};

const record = (state: AppraisalState, command: Command<'RecordAppraisal'>): readonly AppraisalEvent[] => {
  const { type: _, now, ...appraised } = command;
  if (state?.last?.appraisalId === appraised.appraisalId) return [];
  if (state?.usedNonces.has(appraised.nonceSha256) === true) {
    throw new Refusal(
      'nonce-used',
      `the challenge with nonce digest ${appraised.nonceSha256.slice(0, 16)}… has been answered already; each is good for one answer: ask for a new one`,
    );
  }
  if (now >= appraised.nonceExpiresAt) {
    throw new Refusal(
      'nonce-expired',
      `the challenge expired at ${formatInstant(appraised.nonceExpiresAt)}; it is ${formatInstant(now)}: ask for a new one and answer it at once`,
    );
  }
  const refusals = appraised.refusals.slice(0, appraisalRefusalsMax);
  return [{ type: 'EvidenceAppraised', ...appraised, refusals, appraisedAt: now }];
};

/** Once for each due time, and only for the one that counts now. */
const declareOverdue = (state: AppraisalState, command: Command<'DeclareOverdue'>): readonly AppraisalEvent[] => {
  const { attesterId, dueAt, now } = command;
  const awaited = state?.last?.nextDueAt ?? dueAt;
  if (now < dueAt || awaited !== dueAt || (state !== null && state.overdueSince !== null)) return [];
  return [{ type: 'AttestationOverdue', attesterId, dueAt, lastAppraisedAt: state?.last?.appraisedAt ?? null }];
};

const unknownAttester = (attesterId: AttesterId): Attester => ({
  ...{ attesterId, key: null, last: null, lastAffirmedAt: null, failuresInRow: 0, appraisals: 0, affirmed: 0 },
  ...{ progress: { tpm: null, ima: null }, usedNonces: new Map(), overdueSince: null },
});

const evolveAttester = (attester: Attester, event: AppraisalEvent): Attester => {
  switch (event.type) {
    case 'AttestationKeyEnrolled': {
      const { type: _, attesterId: __, ...key } = event;
      // Counters and lists of another TPM say nothing about this one.
      return { ...attester, key, progress: { tpm: null, ima: null } };
    }
    case 'EvidenceAppraised':
      return appraisedAttester(attester, event);
    case 'AttestationOverdue':
      return { ...attester, overdueSince: attester.overdueSince ?? event.dueAt };
    default:
      return unreachable(event);
  }
};

const appraisedAttester = (attester: Attester, event: EvidenceAppraised): Attester => {
  const { appraisalId, appraisedAt, tier, groups, platform, refusals, nextDueAt, evidenceSha256, claims } = event;
  const stillValid = [...attester.usedNonces].filter(([, expiresAt]) => expiresAt > appraisedAt);
  return {
    ...attester,
    last: { appraisalId, appraisedAt, tier, groups, platform, refusals, nextDueAt, evidenceSha256, claims },
    lastAffirmedAt: tier === 'affirming' ? appraisedAt : attester.lastAffirmedAt,
    failuresInRow: tier === 'affirming' ? 0 : attester.failuresInRow + 1,
    appraisals: attester.appraisals + 1,
    affirmed: attester.affirmed + (tier === 'affirming' ? 1 : 0),
    progress: {
      tpm: event.progress.tpm ?? attester.progress.tpm,
      ima: event.progress.ima ?? attester.progress.ima,
    },
    usedNonces: withRecent(new Map(stillValid), event.nonceSha256, event.nonceExpiresAt, usedNoncesMax),
    overdueSince: null,
  };
};

const severity: Readonly<Record<Tier, number>> = { affirming: 0, warning: 1, none: 2, contraindicated: 3 };

/** The tier that is trusted least; `none` for no tiers at all. */
export const worstTier = (tiers: readonly Tier[]): Tier =>
  tiers.reduce<Tier>(
    (worst, tier) => (severity[tier] > severity[worst] ? tier : worst),
    tiers.length === 0 ? 'none' : 'affirming',
  );
