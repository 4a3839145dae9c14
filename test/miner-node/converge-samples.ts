import type { BootId, DesiredSpec, ImageDigest, SealedSpec, VmId } from '#domain';
import type { LaunchedBoot, LocalVm } from '../../apps/miner-node/src/converge/local-vm.ts';
import type { Facts } from '../../apps/miner-node/src/converge/next-step.ts';

// What the specs of the miner agent talk about: one VM, its boots by number, and a quiet host.

export const vmId = '11111111-1111-4111-8111-111111111111' as VmId;
export const imageDigest = 'a'.repeat(64) as ImageDigest;

export const bootNumber = (bootEpoch: number) => ({
  bootEpoch,
  bootId: `00000000-0000-4000-8000-${String(bootEpoch).padStart(12, '0')}` as BootId,
});

export const spec = (change: Partial<DesiredSpec> = {}): DesiredSpec => ({
  vmId,
  generation: 1,
  specRevision: 5n,
  desired: 'running',
  boot: bootNumber(1),
  name: 'web',
  size: { vcpus: 1, memoryBytes: 268_435_456, diskBytes: 1_073_741_824 },
  imageDigest,
  sshPublicKeys: ['ssh-ed25519 AAAA ann@home'],
  stopDeadlineMs: 120_000,
  ...change,
});

/** What a sealed VM's boot is started as; each has its own. */
export const sealedAs = (bootEpoch: number, access: string | null = null): SealedSpec => ({
  bootSpec: `{"bootId":"${bootNumber(bootEpoch).bootId}","kind":"vm","version":1}`,
  ...{ bootDigest: 'b'.repeat(64), cmdline: 'console=ttyS0 hcc.kind=simulated', integrity: 'none', access },
});

export const launched = (bootEpoch: number, change: Partial<LaunchedBoot> = {}): LaunchedBoot => ({
  ...bootNumber(bootEpoch),
  state: 'launched',
  hostBootId: 'this-kernel',
  sshHostKey: null,
  guestFailure: null,
  stopAsked: null,
  ...change,
});

export const ended = (bootEpoch: number, agentEpoch = 3): NonNullable<LocalVm['boot']> => ({
  ...bootNumber(bootEpoch),
  state: 'ended',
  cause: 'crash',
  detail: 'it ended',
  agentEpoch,
});

export const local = (change: Partial<LocalVm> = {}): LocalVm => ({
  spec: spec(),
  sshPort: 40_022,
  disk: { imageDigest, diskBytes: 1_073_741_824 },
  boot: null,
  ...change,
});

export const facts = (change: Partial<Facts> = {}): Facts => ({
  now: 1_000_000,
  hostBootId: 'this-kernel',
  agentEpoch: 3,
  qemu: { state: 'gone', exit: null },
  stopping: null,
  startFailure: null,
  hostStopping: false,
  isAsking: false,
  copying: null,
  ...change,
});

export const running: Facts['qemu'] = { state: 'running' };
