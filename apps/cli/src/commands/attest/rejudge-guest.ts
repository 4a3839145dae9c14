import {
  createCertificateVerdicts,
  type ExpectedBoot,
  type GuestBootPolicy,
  type GuestContext,
  hintsOf,
  judgeGuestEvidence,
  parseGuestEvidence,
  readGuestBootPolicy,
} from '#attestation';
import type { EvidenceAppraised, Network, VmEvent } from '#domain';
import { aggregates, type KeptEvidence } from '#events';
import type { Api } from '../../client/api.ts';
import { recordedEvents } from '../../client/recorded.ts';
import { createHolders } from './holders.ts';
import {
  createPoliciesThen,
  factsOf,
  isWanted,
  type Judged,
  networkOf,
  type VerdictAgain,
  type Wanted,
} from './rejudge-miner.ts';
import type { Endorsing } from './rejudge-roots.ts';

export type GuestRejudgeParts = {
  readonly api: Api;
  readonly evidence: KeptEvidence;
  /** `null` judges each by the policy it went by then. */
  readonly policy: GuestBootPolicy | null;
  readonly endorsing: Endorsing;
};

/** A verdict on an owner's VM, and whether the key of its disk was released on it. */
export type JudgedGuest = Judged & { readonly releasedKey: boolean };

/**
 * Judges the kept evidence of an owner's VM again, each in the context of then: the boot that was written down for it, the
 * miner it was placed on and who held the chip. Nothing of now comes into it, so only the policy can make a difference.
 */
export async function* rejudgeGuest(parts: GuestRejudgeParts, wanted: Wanted): AsyncGenerator<JudgedGuest> {
  const { api } = parts;
  const network = await networkOf(api);
  const policyThen = createPoliciesThen(api, 'guest-boot', readGuestBootPolicy);
  const holder = createHolders(api);
  let story: Story | null = null;
  for await (const recorded of recordedEvents(api, `appraisal-${wanted.attesterId}`)) {
    const event = aggregates.appraisal.codec.decode(recorded);
    if (event.type !== 'EvidenceAppraised' || event.kind !== 'guest' || !isWanted(event, wanted)) continue;
    story ??= await storyOf(api, wanted.attesterId);
    const policy = parts.policy ?? (await policyThen(event));
    const then = { network, holder, recordedAt: Date.parse(recorded.recordedAt), story };
    const releasedKey = story.some(({ event: { type, ...of } }) => {
      return type === 'VmKeyReleased' && 'appraisalId' in of && of.appraisalId === event.appraisalId;
    });
    yield { ...factsOf(event), again: await judgedAgain(parts, event, policy, then), releasedKey };
  }
}

type Story = readonly { readonly at: number; readonly event: VmEvent }[];

/** What of a VM its verdicts depend on. */
const storyOf = async (api: Api, vmId: string): Promise<Story> => {
  const story = [];
  for await (const recorded of recordedEvents(api, `vm-${vmId}`)) {
    const event = aggregates.vm.codec.decode(recorded);
    if (telling.has(event.type)) story.push({ at: Date.parse(recorded.recordedAt), event });
  }
  return story;
};

const telling: ReadonlySet<VmEvent['type']> = new Set(['VmPlaced', 'VmBootSpecified', 'VmKeyReleased']);

type Then = {
  readonly network: Network;
  readonly holder: ReturnType<typeof createHolders>;
  readonly recordedAt: number;
  readonly story: Story;
};

const judgedAgain = async (
  { evidence, endorsing }: GuestRejudgeParts,
  event: EvidenceAppraised,
  policy: GuestBootPolicy,
  { network, holder, recordedAt, story }: Then,
): Promise<VerdictAgain | null> => {
  const { evidenceSha256 } = event;
  const document = evidenceSha256 === null ? null : await evidence.get(evidenceSha256);
  const expected = expectedThen(event.attesterId, story, recordedAt);
  if (evidenceSha256 === null || document === null || expected === null) return null;
  const read = parseGuestEvidence(document);
  const hints = 'value' in read ? hintsOf(read.value) : null;
  const chipId = hints?.chipIdHex ?? null;
  const kept = await evidence.judgedWith(evidenceSha256);
  const {
    endorsements,
    revocationLists,
    list: revocationList,
  } = endorsing.groundsOf({
    ...{ hints, kept, atMs: event.appraisedAt },
  });
  const context: GuestContext = {
    network: { id: network.networkId, kind: network.kind },
    ...{ expected, nonceSha256: event.nonceSha256, atMs: event.appraisedAt },
    chip: chipId === null ? null : await holder('chip', chipId, recordedAt),
    roots: endorsing.rootsOf(network, hints),
    ...{ endorsements, revocationLists },
    verdicts: createCertificateVerdicts(),
  };
  const { tier, refusals } = judgeGuestEvidence({ document }, context, policy).appraisal;
  return { tier, codes: refusals.map(({ code }) => code), revocationList };
};

/** The boot that was written down last before a verdict, on the miner of then; `null` where the story has none. */
const expectedThen = (vmId: string, story: Story, recordedAt: number): ExpectedBoot | null => {
  let expected: ExpectedBoot | null = null;
  let minerId: string | null = null;
  for (const { at, event } of story) {
    // At the same moment comes what a verdict is about: a guest that is not specified is not judged.
    if (at > recordedAt) break;
    if (event.type === 'VmPlaced') minerId = event.minerId;
    if (event.type !== 'VmBootSpecified' || minerId === null) continue;
    const { generation, bootId, bootSpec, bootDigest, launchDigests } = event;
    expected = { vmId, minerId, generation, bootId, bootSpec, bootDigest, launchDigests };
  }
  return expected;
};
