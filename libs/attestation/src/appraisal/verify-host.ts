import { createHash } from 'node:crypto';
import type { ImaBank, ImaClaims } from '../ima/claims.ts';
import { imaListForm } from '../ima/list-form.ts';
import type { ImaQuotedPcr } from '../ima/verification.ts';
import { createImaVerifier } from '../ima/verifier.ts';
import { Malformed } from '../malformed.ts';
import type { TpmClaims } from '../tpm/claims.ts';
import { readTpmKey, type TpmKey } from '../tpm/keys.ts';
import { verifyTpmQuote } from '../tpm/verify-quote.ts';
import { tpmQualifyingData } from '../transcript.ts';
import type { Check, Verified } from '../verdict.ts';
import { AgentFilesSeen, type AgentFindings } from './agent-files.ts';
import { failed } from './check.ts';
import type { HostContext } from './context.ts';
import type { HostEvidence } from './evidence.ts';
import type { CompiledAppraisalPolicy } from './policy.ts';

/** A quote that was looked at. The key is null where its bytes are none. */
export interface TpmSeen {
  readonly verified: Verified<TpmClaims>;
  readonly key: TpmKey | null;
}

/** Verifies the quote over what this network would have asked for: its nonce for this attester. Never throws on evidence. */
export const verifyHostTpm = (
  evidence: HostEvidence,
  { network, attesterId, previous }: HostContext,
  { document: { tpm: policy } }: CompiledAppraisalPolicy,
): TpmSeen | null => {
  const { tpm, nonce } = evidence;
  if (tpm === null) return null;
  const key = keyOf(tpm.akPublic);
  if (!('key' in key)) return { verified: { ok: false, refusals: [refusalOf(key)], checks: [key] }, key: null };
  const { attest, signature, bank } = tpm;
  const pcrs = Object.entries(tpm.pcrs).map(([index, value]) => ({ bank, index: Number(index), value }));
  const verified = verifyTpmQuote({ attest, signature, pcrs }, key, {
    nonce: tpmQualifyingData({ networkId: network.id, attesterId, nonce }),
    ...{ pcrs: policy.pcrs, akAttributes: policy.akAttributes, sha1: policy.sha1, clockSafe: policy.clockSafe },
    previous: previous.tpm ?? 'first-quote',
  });
  return { verified, key };
};

/** A measurement list that was looked at. `verified` is null where no quote that holds vouches for it. */
export interface ImaSeen {
  readonly verified: Verified<ImaClaims> | null;
  /** Null where the policy does not look at the agent's files. */
  readonly agent: AgentFindings | null;
  readonly delivery: Check;
}

/** Verifies the list against the quote; `sentAhead` are its bytes where the evidence only counts parts. Never throws on evidence. */
export const verifyHostIma = (
  evidence: HostEvidence,
  sentAhead: Uint8Array | null,
  quote: TpmSeen | null,
  context: HostContext,
  policy: CompiledAppraisalPolicy,
): ImaSeen | null => {
  const { ima } = evidence;
  if (ima === null) return null;
  const bytes = 'entries' in ima ? ima.entries : sentAhead;
  const delivery = deliveryCheck(ima.sha256, bytes);
  const claims = claimsOfEnrolled(quote, context);
  if (bytes === null || delivery.outcome === 'failed' || claims === null) {
    return { verified: null, agent: null, delivery };
  }
  const { extension, banks } = policy.document.ima;
  const agent = policy.agentFiles === null ? null : new AgentFilesSeen(policy.agentFiles);
  const verifier = createImaVerifier({
    ...(imaListForm(bytes) ?? unknownForm),
    banks,
    paddedSha1: extension === 'padded-sha1' ? 'accepted' : 'refused',
    ...{ quote: quotedPcr10(claims), bootPcrs: bootPcrsOf(claims), policy: policy.ima },
    progress: isWhole(ima, claims, context) ? 'first-round' : (context.previous.ima ?? 'first-round'),
    firstEntry: ima.from,
    ...(agent === null ? {} : { onEntry: (entry) => agent.take(entry) }),
  });
  verifier.push(bytes);
  return { verified: verifier.finish(), agent: agent?.findings ?? null, delivery };
};

/** What begins no list is read as one all the same, and refused by the name of what is wrong. */
const unknownForm = { form: 'binary-little-endian', listBank: 'sha1', hashedAs: 'as-written' } as const;

/** A quote by a key that nobody enrolled may come from any machine: it vouches for no list. */
const claimsOfEnrolled = (quote: TpmSeen | null, { enrolled }: HostContext): TpmClaims | null =>
  quote?.verified.ok === true && enrolled !== null && quote.key?.name === enrolled.akName
    ? quote.verified.claims
    : null;

const deliveryCheck = (sha256: string, bytes: Uint8Array | null): Check => {
  const observed = bytes === null ? 'parts that did not all arrive' : createHash('sha256').update(bytes).digest('hex');
  return {
    ...{ code: 'ima-delivery', outcome: observed === sha256 ? 'passed' : 'failed', observed },
    wanted: `entries with SHA-256 ${sha256}`,
  };
};

/**
 * Whether nothing is gone on with: a machine that started anew has a new list, and an agent that did sends all of the old
 * one. All of a list that leads to the register leaves nothing out.
 */
const isWhole = ({ from }: { readonly from: number }, { progress }: TpmClaims, { previous }: HostContext): boolean =>
  from === 0 || (previous.tpm !== null && previous.tpm.resetCount !== progress.resetCount);

const quotedPcr10 = ({ pcrs }: TpmClaims): readonly ImaQuotedPcr[] =>
  pcrs.flatMap(({ bank, index, value }) => (index === 10 ? [{ bank, value }] : []));

/** PCRs 0 to 9 of each bank that has them all. */
const bootPcrsOf = ({ pcrs }: TpmClaims): 'unchecked' | Partial<Record<ImaBank, readonly string[]>> => {
  const banks = [...new Set(pcrs.map(({ bank }) => bank))];
  const whole = banks.flatMap((bank) => {
    const values = bootRegisters.flatMap((wanted) =>
      pcrs.flatMap((one) => (one.bank === bank && one.index === wanted ? [one.value] : [])),
    );
    return values.length === bootRegisters.length ? [[bank, values] as const] : [];
  });
  return whole.length === 0 ? 'unchecked' : Object.fromEntries(whole);
};

const bootRegisters = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

const keyOf = (bytes: Uint8Array): TpmKey | Check => {
  try {
    return readTpmKey(bytes);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return failed('tpm-ak-form', error.message, error.wanted);
  }
};

const refusalOf = ({ code, observed, wanted }: Check) => ({ code, observed, wanted });
