import { z } from 'zod';
import type { DesiredSpec, VmObservation } from '#domain';
import type { HostReport, VmReport } from '../messages.ts';
import { hostFacts } from './miner.ts';
import { bootId, count, imageDigest, longText, revision, shortText, size, sshKeyText, vmId } from './values.ts';
import { exitCause, sshEndpoint } from './vm.ts';

const observation: z.ZodType<VmObservation> = z.discriminatedUnion('phase', [
  z.strictObject({ phase: z.literal('starting'), bootId }),
  z.strictObject({ phase: z.literal('running'), bootId, endpoint: sshEndpoint, sshHostKey: sshKeyText }),
  z.strictObject({ phase: z.literal('stopped'), bootId: bootId.nullable(), cause: exitCause, detail: longText }),
  z.strictObject({ phase: z.literal('failed'), bootId: bootId.nullable(), code: shortText, detail: longText }),
  z.strictObject({ phase: z.literal('absent') }),
]);

/** `report.<minerId>.<vmId>`: untrusted bytes until parsed. */
export const vmReport: z.ZodType<VmReport> = z.strictObject({
  vmId,
  generation: count,
  specRevision: revision,
  agentEpoch: count,
  sequence: count,
  observation,
});

/** `host.<minerId>`: untrusted bytes until parsed. */
export const hostReport: z.ZodType<HostReport> = z.strictObject({ ...hostFacts, capacity: size });

/** `work.<minerId>.<vmId>`. */
export const desiredSpec: z.ZodType<DesiredSpec> = z.strictObject({
  vmId,
  generation: count,
  specRevision: revision,
  desired: z.enum(['running', 'stopped', 'absent']),
  boot: z.strictObject({ bootEpoch: count, bootId }).nullable(),
  name: shortText,
  size,
  imageDigest,
  sshPublicKeys: z.array(sshKeyText).max(64),
  stopDeadlineMs: count,
});
