import type { MinerId } from '#domain';
import type { Process } from './process.ts';

/**
 * Tells a miner's own stream when its host is judged otherwise than before, so that placement, which reads miners, knows.
 * It only ever takes away: a miner that was never judged and one that was affirmed are placed on alike, because host
 * evidence proves nothing about a guest.
 */
export const minerTrust: Process<null> = {
  name: 'miner-trust',
  initial: () => null,
  absorb: () => undefined,
  react: (_, known) => {
    if (known.category !== 'appraisal' || known.event.type !== 'EvidenceAppraised') return [];
    const { kind, tier, appraisalId, appraisedAt, attesterId } = known.event;
    if (kind !== 'host') return [];
    // A host's attester has its miner's id.
    const id: string = attesterId;
    return [
      {
        step: 'trust',
        target: 'miner',
        id: id as MinerId,
        command: { type: 'NoteTrust', tier, appraisalId, appraisedAt },
      },
    ];
  },
};
