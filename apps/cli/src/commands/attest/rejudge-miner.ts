import {
  type CompiledAppraisalPolicy,
  compileAppraisalPolicy,
  createCertificateVerdicts,
  type HostContext,
  hintsOfHostEvidence,
  judgeHostEvidence,
  readAppraisalPolicy,
  readHostEvidence,
} from '#attestation';
import { type Attester, appraisal, type EvidenceAppraised, fold, type Network } from '#domain';
import { aggregates, type KeptEvidence, type PolicyName } from '#events';
import { badAnswer } from '../../cli-error.ts';
import type { Api } from '../../client/api.ts';
import { recordedEvents } from '../../client/recorded.ts';
import { createHolders } from './holders.ts';
import type { Endorsing, ListUsed } from './rejudge-roots.ts';

/** A verdict as it was recorded, and as its evidence is judged now. */
export type Judged = {
  readonly kind: EvidenceAppraised['kind'];
  /** A miner, or an owner's VM. */
  readonly attesterId: string;
  readonly appraisalId: string;
  readonly appraisedAt: number;
  readonly evidenceSha256: string | null;
  /** By which policies it was judged then. */
  readonly policies: string;
  readonly was: Verdict;
  /** `null` when the evidence is not kept. */
  readonly again: VerdictAgain | null;
};

export type VerdictAgain = Verdict & { readonly revocationList: ListUsed };

export type Verdict = { readonly tier: string; readonly codes: readonly string[] };

export type RejudgeParts = {
  readonly api: Api;
  readonly evidence: KeptEvidence;
  /** `null` judges each by the policy it went by then. */
  readonly policy: CompiledAppraisalPolicy | null;
  readonly endorsing: Endorsing;
};

export type Wanted = { readonly attesterId: string; readonly sinceMs: number; readonly appraisalId: string | null };

/**
 * Judges a miner's kept evidence again, each in the context of then: what its attester had shown before, who held its
 * devices, and the time of the verdict. Nothing of now comes into it, so only the policy can make a difference.
 */
export async function* rejudgeMiner(parts: RejudgeParts, wanted: Wanted): AsyncGenerator<Judged> {
  const { api } = parts;
  const network = await networkOf(api);
  const policyThen = createPoliciesThen(api, 'host-attestation', (document) =>
    compileAppraisalPolicy(readAppraisalPolicy(document)),
  );
  const holder = createHolders(api);
  let attester: Attester | null = null;
  for await (const recorded of recordedEvents(api, `appraisal-${wanted.attesterId}`)) {
    const event = aggregates.appraisal.codec.decode(recorded);
    if (event.type === 'EvidenceAppraised' && event.kind === 'host' && isWanted(event, wanted)) {
      const policy = parts.policy ?? (await policyThen(event));
      const context = { network, attester, holder, recordedAt: Date.parse(recorded.recordedAt) };
      yield { ...factsOf(event), again: await judgedAgain(parts, event, policy, context) };
    }
    attester = appraisal.evolve(attester, event);
  }
}

/** Whether a verdict is among those asked for. */
export const isWanted = (event: EvidenceAppraised, { sinceMs, appraisalId }: Wanted): boolean =>
  event.appraisedAt >= sinceMs && (appraisalId === null || event.appraisalId === appraisalId);

/** What was recorded of a verdict. */
export const factsOf = (event: EvidenceAppraised): Omit<Judged, 'again'> => ({
  ...{ kind: event.kind, attesterId: event.attesterId },
  ...{ appraisalId: event.appraisalId, appraisedAt: event.appraisedAt, evidenceSha256: event.evidenceSha256 },
  policies: event.policies.map(({ name, version }) => `${name} version ${version}`).join(', '),
  was: { tier: event.tier, codes: event.refusals.map(({ code }) => code) },
});

type Then = {
  readonly network: Network;
  readonly attester: Attester | null;
  readonly holder: ReturnType<typeof createHolders>;
  readonly recordedAt: number;
};

const judgedAgain = async (
  { evidence, endorsing }: RejudgeParts,
  event: EvidenceAppraised,
  policy: CompiledAppraisalPolicy,
  { network, attester, holder, recordedAt }: Then,
): Promise<VerdictAgain | null> => {
  const { evidenceSha256 } = event;
  const document = evidenceSha256 === null ? null : await evidence.get(evidenceSha256);
  if (evidenceSha256 === null || document === null) return null;
  const list = await listOf(evidence, document);
  const hints = hintsOfHostEvidence(document);
  const chipId = hints?.chipIdHex ?? null;
  const kept = await evidence.judgedWith(evidenceSha256);
  const {
    endorsements,
    revocationLists,
    list: revocationList,
  } = endorsing.groundsOf({
    ...{ hints, kept, atMs: event.appraisedAt },
  });
  const enrolled = attester?.key ?? null;
  const context: HostContext = {
    network: { id: network.networkId, kind: network.kind },
    ...{ attesterId: event.attesterId, nonceSha256: event.nonceSha256, enrolled, atMs: event.appraisedAt },
    previous: attester?.progress ?? { tpm: null, ima: null },
    devices: {
      chip: chipId === null ? null : await holder('chip', chipId, recordedAt),
      tpm: enrolled === null ? null : await holder('tpm', enrolled.ekPublicSha256, recordedAt),
    },
    roots: endorsing.rootsOf(network, hints),
    ...{ endorsements, revocationLists },
    verdicts: createCertificateVerdicts(),
  };
  const { tier, refusals } = judgeHostEvidence({ document, ima: list }, context, policy).appraisal;
  return { tier, codes: refusals.map(({ code }) => code), revocationList };
};

/** The measurement list where it came ahead of its evidence. */
const listOf = async (evidence: KeptEvidence, document: Uint8Array): Promise<Uint8Array | null> => {
  const read = readHostEvidence(document);
  if ('refusal' in read || read.value.ima === null || !('parts' in read.value.ima)) return null;
  return evidence.get(read.value.ima.sha256);
};

/** The network as it was founded. Refuses a cluster that has none. */
export const networkOf = async (api: Api): Promise<Network> => {
  const { decider, codec } = aggregates.network;
  const events = [];
  for await (const recorded of recordedEvents(api, 'network-main')) events.push(codec.decode(recorded));
  const network = fold(decider, events);
  if (network === null) throw badAnswer('network-missing', 'this cluster has no network yet: nothing was judged in it');
  return network;
};

/** The policies of one name that verdicts went by, each read once. */
export const createPoliciesThen = <Policy>(api: Api, name: PolicyName, read: (document: unknown) => Policy) => {
  const known = new Map<number, Policy>();
  return async ({ policies, appraisalId }: EvidenceAppraised): Promise<Policy> => {
    const used = policies.find((one) => one.name === name);
    if (used === undefined) {
      throw badAnswer('policy-not-recorded', `appraisal ${appraisalId} does not say by which policy it was judged`);
    }
    const before = known.get(used.version);
    if (before !== undefined) return before;
    const policy = read((await api.policy(name, used.version)).document);
    known.set(used.version, policy);
    return policy;
  };
};
