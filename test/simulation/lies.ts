import type { BootId, VmObservation } from '#domain';
import type { VmReport } from '#events';
import type { Guest } from './guest.ts';
import type { Random } from './random.ts';

/** A false report: of another generation, or of a boot that is not the VM's, or of a VM that is somebody else's. */
export const untrue = (guest: Guest, isOwn: boolean, random: Random): Omit<VmReport, 'agentEpoch' | 'sequence'> => {
  const spec = guest.record?.spec;
  const { generation = 1, specRevision = 0n } = spec ?? {};
  const otherBoot = '00000000-0000-4000-8000-000000000000' as BootId;
  const isOtherGeneration = isOwn && random.chance(0.5);
  const bootId = isOwn && !isOtherGeneration ? otherBoot : (spec?.boot?.bootId ?? otherBoot);
  const observation: VmObservation = random.pick([
    { phase: 'running', bootId, endpoint: { host: 'liar.example', port: 22 }, sshHostKey: 'ssh-ed25519 liar' },
    { phase: 'stopped', bootId, cause: 'crash', detail: 'a lie' },
    { phase: 'failed', bootId, code: 'lie', detail: 'a lie' },
  ] as const);
  const claimed = isOtherGeneration ? Math.max(0, generation + random.pick([-1, 1, 7])) : generation;
  return { vmId: guest.vmId, generation: claimed, specRevision, observation };
};
