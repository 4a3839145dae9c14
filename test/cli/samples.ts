/** Ids and answers that CLI specs share. */
export const vmId = '1a2b3c4d-1111-4111-8111-111111111111';
export const accountId = 'acc00000-2222-4222-8222-222222222222';
export const minerId = '7c7c7c7c-2222-4222-8222-222222222222';

/** A running VM, as the API shows it. */
export const vm = {
  vmId,
  accountId,
  name: 'web',
  flavorId: 'nano',
  size: { vcpus: 1, memoryBytes: 268435456, diskBytes: 1073741824 },
  imageDigest: 'd'.repeat(64),
  sshUser: 'root',
  desired: 'running',
  desiredText: 'its owner wants it running',
  observed: 'running',
  observedText: 'it runs and takes logins',
  observedAt: '2026-01-31T12:00:00.000Z',
  generation: 1,
  minerId,
  bootEpoch: 1,
  endpoint: { host: '127.0.0.1', port: 2201 },
  sshHostKey: `ssh-ed25519 ${'A'.repeat(68)}`,
  sshHostKeyAttested: false,
  waiting: null,
  placementFailure: null,
  platform: 'none',
  disk: { kind: 'plain', format: 'qcow2', sizeBytes: 1073741824, encryption: 'none' },
  release: null,
  requestedAt: '2026-01-31T11:59:00.000Z',
  revision: '6',
};

const size = { vcpus: 2, memoryBytes: 1024 ** 3, diskBytes: 1024 ** 3 };

/** An attached miner, as the API shows it. */
export const miner = {
  ...{ minerId, name: 'miner-1', status: 'attached', statusText: 'its agent is attached', drain: null },
  ...{ eligible: true, ineligibleCode: null, eligibilityText: 'takes VMs', stale: null },
  ...{ accelerator: 'tcg', platform: 'none', cpuModel: 'x', agentVersion: '1', agentEpoch: 1 },
  ...{ capacity: size, reserved: size, vms: [], lastSeenAt: null, attachedAt: null },
};

/** One event of that VM's stream. */
export const event = (type: string, revision: number, data: object = {}): object => ({
  eventId: `${revision}0000000-0000-4000-8000-000000000000`,
  type,
  version: 1,
  stream: `vm-${vmId}`,
  revision: revision.toString(),
  position: `p${revision}`,
  recordedAt: '2026-01-31T12:00:00.000Z',
  actor: `owner:${accountId}`,
  correlationId: 'c',
  causationId: 'c',
  data,
});
