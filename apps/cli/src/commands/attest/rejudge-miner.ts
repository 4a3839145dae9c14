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
import { aggregates, type EvidenceStore } from '#events';
import { badAnswer } from '../../cli-error.ts';
import type { Api } from '../../client/api.ts';
import { recordedEvents } from '../../client/recorded.ts';
import { createHolders } from './holders.ts';
import type { Endorsing } from './rejudge-roots.ts';

/** A verdict as it was recorded, and as its evidence is judged now. */
export type Judged = {
  readonly minerId: string;
  readonly appraisalId: string;
  readonly appraisedAt: number;
  readonly evidenceSha256: string | null;
  /** By which policies it was judged then. */
  readonly policies: string;
  readonly was: Verdict;
  /** `null` when the evidence is not kept. */
  readonly again: Verdict | null;
};

type Verdict = { readonly tier: string; readonly codes: readonly string[] };

export type RejudgeParts = {
  readonly api: Api;
  readonly evidence: Pick<EvidenceStore, 'get'>;
  /** `null` judges each by the policy it went by then. */
  readonly policy: CompiledAppraisalPolicy | null;
  readonly endorsing: Endorsing;
};

export type Wanted = { readonly minerId: string; readonly sinceMs: number; readonly appraisalId: string | null };

/**
 * Judges a miner's kept evidence again, each in the context of then: what its attester had shown before, who held its
 * devices, and the time of the verdict. Nothing of now comes into it, so only the policy can make a difference.
 */
export async function* rejudgeMiner(parts: RejudgeParts, wanted: Wanted): AsyncGenerator<Judged> {
  const { api } = parts;
  const network = await networkOf(api);
  const policyThen = createPoliciesThen(api);
  const holder = createHolders(api);
  let attester: Attester | null = null;
  for await (const recorded of recordedEvents(api, `appraisal-${wanted.minerId}`)) {
    const event = aggregates.appraisal.codec.decode(recorded);
    if (event.type === 'EvidenceAppraised' && isWanted(event, wanted)) {
      const policy = parts.policy ?? (await policyThen(event));
      const context = { network, attester, holder, recordedAt: Date.parse(recorded.recordedAt) };
      yield { ...factsOf(wanted.minerId, event), again: await judgedAgain(parts, event, policy, context) };
    }
    attester = appraisal.evolve(attester, event);
  }
}

const isWanted = (event: EvidenceAppraised, { sinceMs, appraisalId }: Wanted): boolean =>
  event.kind === 'host' && event.appraisedAt >= sinceMs && (appraisalId === null || event.appraisalId === appraisalId);

const factsOf = (minerId: string, event: EvidenceAppraised): Omit<Judged, 'again'> => ({
  ...{ minerId, appraisalId: event.appraisalId, appraisedAt: event.appraisedAt, evidenceSha256: event.evidenceSha256 },
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
): Promise<Verdict | null> => {
  const document = event.evidenceSha256 === null ? null : await evidence.get(event.evidenceSha256);
  if (document === null) return null;
  const list = await listOf(evidence, document);
  const chipId = hintsOfHostEvidence(document)?.chipIdHex ?? null;
  const enrolled = attester?.key ?? null;
  const context: HostContext = {
    network: { id: network.networkId, kind: network.kind },
    ...{ attesterId: event.attesterId, nonceSha256: event.nonceSha256, enrolled, atMs: event.appraisedAt },
    previous: attester?.progress ?? { tpm: null, ima: null },
    devices: {
      chip: chipId === null ? null : await holder('chip', chipId, recordedAt),
      tpm: enrolled === null ? null : await holder('tpm', enrolled.ekPublicSha256, recordedAt),
    },
    roots: endorsing.rootsOf(network, document),
    revocationLists: endorsing.revocationListsOf(document, event.appraisedAt),
    endorsements: null,
    verdicts: createCertificateVerdicts(),
  };
  const { tier, refusals } = judgeHostEvidence({ document, ima: list }, context, policy).appraisal;
  return { tier, codes: refusals.map(({ code }) => code) };
};

/** The measurement list where it came ahead of its evidence. */
const listOf = async (evidence: Pick<EvidenceStore, 'get'>, document: Uint8Array): Promise<Uint8Array | null> => {
  const read = readHostEvidence(document);
  if ('refusal' in read || read.value.ima === null || !('parts' in read.value.ima)) return null;
  return evidence.get(read.value.ima.sha256);
};

const networkOf = async (api: Api): Promise<Network> => {
  const { decider, codec } = aggregates.network;
  const events = [];
  for await (const recorded of recordedEvents(api, 'network-main')) events.push(codec.decode(recorded));
  const network = fold(decider, events);
  if (network === null) throw badAnswer('network-missing', 'this cluster has no network yet: nothing was judged in it');
  return network;
};

/** The policies verdicts went by, each read once. */
const createPoliciesThen = (api: Api) => {
  const known = new Map<number, CompiledAppraisalPolicy>();
  return async ({ policies, appraisalId }: EvidenceAppraised): Promise<CompiledAppraisalPolicy> => {
    const used = policies.find(({ name }) => name === 'host-attestation');
    if (used === undefined) {
      throw badAnswer('policy-not-recorded', `appraisal ${appraisalId} does not say by which policy it was judged`);
    }
    const before = known.get(used.version);
    if (before !== undefined) return before;
    const { document } = await api.policy(used.name, used.version);
    const policy = compileAppraisalPolicy(readAppraisalPolicy(document));
    known.set(used.version, policy);
    return policy;
  };
};
