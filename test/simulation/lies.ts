import type { BootId, VmObservation } from '#domain';
import type { VmReport } from '#events';
import type { Guest } from './guest.ts';
import type { Random } from './random.ts';

export type Claim = Omit<VmReport, 'agentEpoch' | 'sequence'>;

/** How the reason of a made-up end begins. */
export const lieDetail = 'a lie';

const otherBoot = '00000000-0000-4000-8000-000000000000' as BootId;

/** A false report: of another generation, of a boot that is not the VM's or did something else, or of somebody else's VM. */
export const untrue = (guest: Guest, isOwn: boolean, random: Random): Claim => {
  const { generation = 1, specRevision = 0n, boot = null } = guest.record?.spec ?? {};
  const isOtherGeneration = isOwn && random.chance(0.25);
  const bootId = isOwn && random.chance(0.3) ? otherBoot : (boot?.bootId ?? otherBoot);
  const observation: VmObservation = random.pick([
    { phase: 'running', bootId, endpoint: { host: 'liar.example', port: 22 }, sshHostKey: 'ssh-ed25519 liar' },
    { phase: 'starting', bootId },
    { phase: 'stopped', bootId, cause: 'crash', detail: lieDetail },
    { phase: 'stopped', bootId, cause: 'host-reboot', detail: lieDetail },
    { phase: 'stopped', bootId, cause: 'requested', detail: lieDetail },
    { phase: 'stopped', bootId, cause: 'guest-shutdown', detail: lieDetail },
    { phase: 'failed', bootId, code: 'lie', detail: lieDetail },
  ] as const);
  const claimed = isOtherGeneration ? Math.max(0, generation + random.pick([-1, 1, 7])) : generation;
  return { vmId: guest.vmId, generation: claimed, specRevision, observation };
};

/** Says that a disk is gone that is still there. What a host disowned nobody tells it to remove. */
export const falseAbsent = (guest: Guest, isOwn: boolean): Claim => {
  guest.disowned ||= isOwn;
  const { generation = 1, specRevision = 0n } = guest.record?.spec ?? {};
  return { vmId: guest.vmId, generation, specRevision, observation: { phase: 'absent' } };
};
