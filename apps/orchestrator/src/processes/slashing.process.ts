import type { AppraisalEvent, AttesterId, GroupTiers, MinerId, SlashingGround } from '#domain';
import { derivedUuid } from '#events';
import type { KnownEvent, Process, ProcessCommand } from './process.ts';

/** What the last evidence of a host failed on, and the one before it. */
type Failures = {
  readonly appraisalId: string;
  readonly now: readonly SlashingGround[];
  readonly before: readonly SlashingGround[];
};

export type Suspects = {
  /** Only those whose last evidence failed. */
  readonly failing: Map<AttesterId, Failures>;
  /** Whether releases overlap: then a list of files is good under one and not under the other. */
  updating: boolean;
};

/**
 * Proposes slashing for what nothing innocent explains: a TPM that fails at once, a measurement list or a launch when the
 * re-check finds the same again. A list of files is no ground while two releases of the miner's program are accepted side by
 * side: an update that goes wrong is no crime. It takes nothing from anybody; an operator decides.
 */
export const slashing: Process<Suspects> = {
  name: 'slashing',
  initial: () => ({ failing: new Map(), updating: false }),
  absorb: (suspects, known) => {
    if (known.category === 'policy') noteRelease(suspects, known);
    if (known.category !== 'appraisal' || !isHostVerdict(known.event)) return;
    const { appraisalId, groups } = known.event;
    // Delivered twice, it was seen once.
    if (suspects.failing.get(known.id)?.appraisalId === appraisalId) return;
    const now = groundsOf(groups);
    if (now.length === 0) suspects.failing.delete(known.id);
    else suspects.failing.set(known.id, { appraisalId, now, before: suspects.failing.get(known.id)?.now ?? [] });
  },
  react: ({ failing, updating }, known) => {
    if (known.category !== 'appraisal' || !isHostVerdict(known.event)) return [];
    const { appraisalId } = known.event;
    const found = failing.get(known.id);
    if (found?.appraisalId !== appraisalId) return [];
    return found.now
      .filter((ground) => ground === 'tpm-failure' || found.before.includes(ground))
      .filter((ground) => ground !== 'ima-mismatch' || !updating)
      .map((ground) => propose(known.id, ground, appraisalId));
  },
};

type Verdict = Extract<AppraisalEvent, { type: 'EvidenceAppraised' }>;

const isHostVerdict = (event: AppraisalEvent): event is Verdict =>
  event.type === 'EvidenceAppraised' && event.kind === 'host';

const groundsOf = ({ tpm, ima, hardware, launch }: GroupTiers): readonly SlashingGround[] => [
  ...(tpm === 'contraindicated' ? (['tpm-failure'] as const) : []),
  ...(ima === 'contraindicated' ? (['ima-mismatch'] as const) : []),
  ...(hardware === 'contraindicated' || launch === 'contraindicated' ? (['hardware-failure'] as const) : []),
];

const noteRelease = (suspects: Suspects, { id, event }: Extract<KnownEvent, { category: 'policy' }>): void => {
  if (id !== 'host-attestation') return;
  const { referenceValues: values } = event.document;
  const bundles = typeof values === 'object' && values !== null && 'agentBundles' in values ? values.agentBundles : [];
  suspects.updating = Array.isArray(bundles) && bundles.length > 1;
};

const propose = (attesterId: AttesterId, ground: SlashingGround, appraisalId: string): ProcessCommand => {
  // A host's attester has its miner's id.
  const id: string = attesterId;
  return {
    step: `propose:${ground}`,
    target: 'miner',
    id: id as MinerId,
    command: { type: 'ProposeSlashing', proposalId: derivedUuid('slashing', appraisalId, ground), ground, appraisalId },
  };
};
