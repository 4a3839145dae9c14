import { createHash } from 'node:crypto';
import { simulatedProcessor } from '#simulated-processor';
import { rootForSpecs, rootNotAfterMs, rootNotBeforeMs } from '../../../simulated-processor/src/root.fixture.ts';
import { spkiOf } from '../../../simulated-processor/src/root.ts';
import { bootBinding, type GuestBootSpec, guestBootSpecText, guestCommandLine } from '../guest-boot.ts';
import type { SimulatedReportTerms, SimulatedRoot } from '../simulated/processor.ts';
import { simulatedSnpPolicy } from '../snp/policy.ts';
import { trustRootOf } from '../snp/roots.ts';
import { type GuestPurpose, hostDataOf, keySuites, reportDataOf } from '../transcript.ts';
import type { GuestEvidenceDocument } from './evidence.ts';
import { type ExpectedBoot, type GuestContext, type GuestJudgement, judgeGuestEvidence } from './judge.ts';
import { guestLaunchDigests } from './launch.ts';
import { bootDigestOf, type GuestBootPolicy, newestGuestBoot, readGuestBootPolicy } from './policy.ts';

const atMs = Date.UTC(2026, 10, 21);
const networkId = '0198c0de-0000-7000-8000-000000000001';
const tcb = { bootloader: 10, tee: 0, snp: 27, microcode: 222 };
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const files = { kernelSha256: sha256('kernel'), initrdSha256: sha256('initrd') };

/** What a simulated network starts owners' VMs with: one image, on QEMU without and with its emulator. */
export const guestPolicy: GuestBootPolicy = readGuestBootPolicy({
  ...{ version: 1, snp: simulatedSnpPolicy, maxAgeMs: 60_000, allowClassical: false },
  boots: ['', 'no_timer_check'].map((cmdlineExtra, way) => ({
    ...{ name: `release 1, way ${way}`, revision: 1, bootDigest: bootDigestOf(files), ...files, cmdlineExtra },
    firmware: { kind: 'simulated', launchDigest: simulatedProcessor.firmwareDigest(Buffer.from('bios')) },
    vcpuType: way === 0 ? 'host' : 'max',
  })),
});

const base = { rootHash: 'cd'.repeat(32), salt: 'ef'.repeat(32), dataBlocks: 1_234 };
const cmdline = guestCommandLine({ networkId, kind: 'simulated', networkKey: Buffer.alloc(32, 7), base });

/** The boot that the network wrote down for a VM: what `VmBootSpecified` says, and on which miner it is. */
export const specifiedBoot = (of: {
  readonly vmId: string;
  readonly minerId: string;
  readonly generation: number;
  readonly bootId: string;
}): ExpectedBoot & { readonly cmdline: string } => {
  const { vmId, generation, bootId } = of;
  const spec: GuestBootSpec = {
    ...{ version: 1, kind: 'vm', network: networkId, vmId, generation, bootId },
    ...{ image: `sha256:${'ab'.repeat(32)}`, integrity: 'none' },
  };
  const [reference] = newestGuestBoot(guestPolicy);
  const launchDigests = guestLaunchDigests(guestPolicy.boots, { cmdline, vcpus: 2 }, simulatedProcessor);
  return { ...of, bootSpec: guestBootSpecText(spec), bootDigest: reference.bootDigest, launchDigests, cmdline };
};

/** What one guest says once; a spec changes a part and leaves the rest honest. */
export interface Saying {
  readonly purpose: GuestPurpose;
  readonly nonce: Uint8Array;
  readonly nonceExpiresAt: number;
  /** What the guest was started as. */
  readonly boot: ExpectedBoot;
  readonly suite: string;
  readonly key: Uint8Array;
  readonly facts: { readonly sshHostKey: string; readonly headerSha256: string; readonly counter: number };
  /** What the report is asked over, where that is not what is sent. */
  readonly bound: Partial<Parameters<typeof reportDataOf>[0]>;
  readonly report: Partial<SimulatedReportTerms>;
  /** The last hand on the document before it is sent. */
  readonly change: (document: GuestEvidenceDocument) => unknown;
}

export interface Guest {
  readonly root: SimulatedRoot;
  readonly chipId: string;
  readonly context: GuestContext;
  readonly say: (over?: Partial<Saying>) => Uint8Array;
  readonly judge: (document: Uint8Array, over?: Partial<GuestContext>, policy?: GuestBootPolicy) => GuestJudgement;
}

export const guestVm = {
  ...{ vmId: '0198c0de-0000-7000-8000-0000000000b1', minerId: '0198c0de-0000-7000-8000-00000000000a' },
  ...{ generation: 3, bootId: '0198c0de-0000-7000-8000-0000000000c1' },
};

/** An honest guest on the chip of its miner, on a simulated network. */
export const openGuest = async (): Promise<Guest> => {
  const root = await rootForSpecs();
  const key = await simulatedProcessor.generateChipKey();
  const dates = { notBeforeMs: rootNotBeforeMs, notAfterMs: rootNotAfterMs };
  const vcek = simulatedProcessor.issueVcek(root, { publicKeySpki: spkiOf(key), tcb, ...dates });
  const chipId = Buffer.from(simulatedProcessor.chipIdOf(spkiOf(key))).toString('hex');
  const context = contextOf(root, chipId);
  const say = (over: Partial<Saying> = {}): Uint8Array => {
    const all: Saying = { ...honest, ...over };
    const report = simulatedProcessor.signReport(
      { product: root.product, key, tcb },
      {
        reportData: reportDataOf({ ...termsOf(all), ...all.bound }),
        hostData: hostDataOf(all.boot.bootSpec),
        measurement: Buffer.from(all.boot.launchDigests[0] ?? '', 'hex'),
        ...{ reportId: Buffer.alloc(32, 9), ...all.report },
      },
    );
    const certificates = { vek: base64(vcek), ask: base64(root.ask), ark: base64(root.ark) };
    return Buffer.from(JSON.stringify(all.change(documentOf(all, { report: base64(report), certificates }))));
  };
  const judge: Guest['judge'] = (document, over = {}, policy = guestPolicy) =>
    judgeGuestEvidence({ document }, { ...context, ...over }, policy);
  return { root, chipId, context, say, judge };
};

const termsOf = ({ purpose, nonce, boot, suite, key, facts }: Saying): Parameters<typeof reportDataOf>[0] => ({
  ...{ networkId, purpose, nonce, attesterId: boot.vmId, generation: boot.generation, bootId: boot.bootId },
  ...(purpose === 'vm-key' ? { binding: key, suite } : { binding: bootBinding(facts), suite: '' }),
});

const documentOf = (all: Saying, snp: GuestEvidenceDocument['snp']): GuestEvidenceDocument => {
  const { nonce, nonceExpiresAt, boot } = all;
  const common = {
    ...({ version: 1, kind: 'guest', attesterId: boot.vmId, nonce: base64(nonce), nonceExpiresAt } as const),
    ...{ bootSpec: boot.bootSpec, agentVersion: '1.0.0', generation: boot.generation, bootId: boot.bootId },
    snp,
  };
  return all.purpose === 'vm-key'
    ? { ...common, purpose: 'vm-key', suite: all.suite, key: base64(all.key), boot: null }
    : { ...common, purpose: 'ssh-host-key', suite: '', key: null, boot: all.facts };
};

const honest: Saying = {
  ...{ purpose: 'vm-key', nonce: Buffer.alloc(32, 0x5a), nonceExpiresAt: atMs + 60_000, boot: specifiedBoot(guestVm) },
  ...{ suite: keySuites.hybrid.name, key: Buffer.alloc(keySuites.hybrid.publicKeyBytes, 3) },
  facts: { sshHostKey: 'ssh-ed25519 AAAA', headerSha256: '12'.repeat(32), counter: 4 },
  ...{ bound: {}, report: {}, change: (document) => document },
};

const contextOf = (root: SimulatedRoot, chipId: string): GuestContext => ({
  network: { id: networkId, kind: 'simulated' },
  expected: specifiedBoot(guestVm),
  nonceSha256: createHash('sha256').update(honest.nonce).digest('hex'),
  chip: { deviceId: chipId, heldBy: guestVm.minerId },
  roots: [trustRootOf(root.ark, { name: 'simulated', product: 'milan', simulated: true })],
  revocationLists: {
    milan: simulatedProcessor.issueRevocationList(root, {
      ...{ thisUpdateMs: atMs - 1_000, nextUpdateMs: atMs + 1_000, revokesAsk: false },
    }),
  },
  endorsements: null,
  atMs,
});
