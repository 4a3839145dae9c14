import { randomUUID } from 'node:crypto';
import { type BootId, type DesiredSpec, gibibyte, type ImageDigest, type VmId } from '#domain';
import type { EventId, HostReport, OrchestratorBus, Position, RecordedEvent, VmMetrics, VmReport } from '#events';
import { streamName } from '#events';

/** A spec of a VM nobody has used; what is not given is plain. */
export const newSpec = (over: Partial<Omit<DesiredSpec, 'vmId'>> & { readonly vmId?: string } = {}): DesiredSpec => ({
  generation: 1,
  specRevision: 3n,
  desired: 'running',
  boot: { bootEpoch: 1, bootId: randomUUID() as BootId },
  name: 'web',
  size: { vcpus: 1, memoryBytes: gibibyte, diskBytes: 2 * gibibyte },
  imageDigest: 'ab'.repeat(32) as ImageDigest,
  sshPublicKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8p alice'],
  stopDeadlineMs: 30_000,
  ...over,
  vmId: (over.vmId ?? randomUUID()) as VmId,
});

/** Puts a spec that is at every moment what its stream says. */
export const put = (bus: Pick<OrchestratorBus, 'putSpec'>, minerId: string, spec: DesiredSpec) =>
  bus.putSpec(minerId, spec.vmId, async () => spec);

/** A miner's report of one VM. The revision is past what a JavaScript number holds. */
export const newReport = (over: Partial<VmReport> = {}): VmReport => ({
  vmId: randomUUID(),
  generation: 1,
  specRevision: 9_007_199_254_740_993n,
  agentEpoch: 1,
  sequence: 1,
  observation: { phase: 'absent' },
  ...over,
});

export const newHostReport = (over: Partial<HostReport> = {}): HostReport => ({
  agentEpoch: 1,
  agentVersion: '0.1.0',
  hostBootId: 'host-boot',
  accelerator: 'tcg',
  platform: 'none',
  cpuModel: 'a CPU',
  capacity: { vcpus: 8, memoryBytes: 16 * gibibyte, diskBytes: 100 * gibibyte },
  ...over,
});

/** A stored event, as a store would give it back. */
export const newMetrics = (vmId: string): VmMetrics => {
  const usage = {
    cpuTimeMs: 1_500,
    uptimeMs: 60_000,
    diskReadBytes: 4_096,
    diskReadOperations: 1,
    diskWrittenBytes: 0,
    diskWriteOperations: 0,
  };
  return {
    vmId: vmId as VmId,
    takenAt: Date.UTC(2026, 0, 31),
    boot: { bootEpoch: 2, usage },
    total: { ...usage, uptimeMs: 90_000 },
    memoryBytes: 300_000_000,
    networkBytes: null,
    heldBy: ['cpu', 'disk-rate'],
  };
};

export const newRecorded = (over: Partial<RecordedEvent> = {}): RecordedEvent => ({
  eventId: randomUUID() as EventId,
  type: 'VmRequested',
  version: 1,
  data: { name: 'web' },
  recordedAt: '2026-11-21T08:00:00.000Z',
  actor: 'owner:alice',
  correlationId: 'request-1',
  causationId: 'command-1',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  stream: streamName('vm', randomUUID()),
  revision: 0n,
  position: 'test:1' as Position,
  prevHash: '0'.repeat(64),
  hash: '1'.repeat(64),
  ...over,
});
