import { createHash } from 'node:crypto';
import { simulatedProcessor } from '#simulated-processor';
import { type SoftwareKey, softwareAk, softwareQuote } from '../../../../test/attestation/software-tpm.ts';
import { rootForSpecs, rootNotAfterMs, rootNotBeforeMs } from '../../../simulated-processor/src/root.fixture.ts';
import { spkiOf } from '../../../simulated-processor/src/root.ts';
import { entryOf, listOf, type Made, pcr10After, policyOf, sha256Of } from '../ima/list.fixture.ts';
import type { SimulatedReportTerms, SimulatedRoot } from '../simulated/processor.ts';
import { simulatedSnpPolicy } from '../snp/policy.ts';
import { trustRootOf } from '../snp/roots.ts';
import { readTpmKey } from '../tpm/keys.ts';
import { hostBootSpecText, hostDataOf, hostEvidenceBinding, reportDataOf, tpmQualifyingData } from '../transcript.ts';
import type { HostContext } from './context.ts';
import type { HostEvidenceDocument } from './evidence.ts';
import { type HostEvidenceBytes, type HostJudgement, judgeHostEvidence } from './judge.ts';
import { type AppraisalPolicy, compileAppraisalPolicy, readAppraisalPolicy } from './policy.ts';

const atMs = Date.UTC(2026, 10, 21);
const networkId = '0198c0de-0000-7000-8000-000000000001';
const attesterId = '0198c0de-0000-7000-8000-00000000000a';
const ekPublicSha256 = 'ee'.repeat(32);
const tcb = { bootloader: 10, tee: 0, snp: 27, microcode: 222 };
const agentFiles = ['/opt/hcc/dist/main.js', '/usr/bin/node'];
const nonce = Buffer.alloc(32, 0x5a);
/** ASCII, because the contents of files are text here. */
const boot = Object.fromEntries([...Array(10).keys()].map((index) => [index, '41'.repeat(32)]));
const measurement = Buffer.alloc(48, 0x77);

/** What one round of a host says; a spec changes a part and leaves the rest honest. */
export interface Round {
  readonly nonce: Uint8Array;
  /** What the agent believes its attester and network to be. */
  readonly speaksFor: { readonly attesterId: string; readonly networkId: string };
  /** Its attestation key. */
  readonly tpm: SoftwareKey;
  readonly entries: readonly Made[];
  /** How many of them the quote reaches. */
  readonly quoted: number;
  readonly from: number;
  readonly resetCount: number;
  readonly clockMs: number;
  readonly agentVersion: string;
  readonly bootSpec: string;
  readonly report: Partial<SimulatedReportTerms>;
  /** The last hand on the document before it is sent. */
  readonly change: (document: HostEvidenceDocument) => unknown;
}

export interface Host {
  readonly root: SimulatedRoot;
  readonly context: HostContext;
  readonly policy: AppraisalPolicy;
  readonly round: (over?: Partial<Round>) => HostEvidenceBytes;
  readonly judge: (evidence: HostEvidenceBytes, over?: Partial<HostContext>, policy?: AppraisalPolicy) => HostJudgement;
}

/** An honest host on a simulated network, and a policy it satisfies. */
export const openHost = async (): Promise<Host> => {
  const root = await rootForSpecs();
  const key = await simulatedProcessor.generateChipKey();
  const dates = { notBeforeMs: rootNotBeforeMs, notAfterMs: rootNotAfterMs };
  const vcek = simulatedProcessor.issueVcek(root, { publicKeySpki: spkiOf(key), tcb, ...dates });
  const chip = { product: root.product, key, tcb };
  const tpm = softwareAk({ kind: 'p256' });
  const deviceId = Buffer.from(simulatedProcessor.chipIdOf(spkiOf(key))).toString('hex');
  const context = contextOf(root, tpm, deviceId);
  const round = (over: Partial<Round> = {}): HostEvidenceBytes => {
    const all: Round = { ...honest(tpm), ...over };
    const { attesterId: speaker, networkId: network } = all.speaksFor;
    const sent = listOf(all.entries.slice(all.from));
    const pcrs = { ...boot, 10: pcr10After(all.entries.slice(0, all.quoted), 'sha256') };
    const qualifyingData = tpmQualifyingData({ networkId: network, attesterId: speaker, nonce: all.nonce });
    const { attest, signature } = softwareQuote(all.tpm, {
      nonce: qualifyingData,
      pcrs: Object.entries(pcrs).map(([index, value]) => ({ bank: 'sha256', index: Number(index), value })),
      clockMs: BigInt(all.clockMs),
      resetCount: all.resetCount,
    });
    const imaSha256 = createHash('sha256').update(sent).digest();
    const akName = Buffer.from(akNameOf(all.tpm), 'hex');
    const binding = hostEvidenceBinding({ attest, signature, imaSha256, akName, agentVersion: all.agentVersion });
    const bound = {
      networkId: network,
      attesterId: speaker,
      nonce: all.nonce,
      generation: 0,
      bootId: 'boot-1',
      binding,
    };
    const report = simulatedProcessor.signReport(chip, {
      reportData: reportDataOf({ ...bound, purpose: 'host-evidence' }),
      hostData: hostDataOf(all.bootSpec),
      ...{ measurement, reportId: Buffer.alloc(32, 9), ...all.report },
    });
    const document: HostEvidenceDocument = {
      ...{ version: 1, attesterId: speaker, purpose: 'host-evidence', nonce: base64(all.nonce), nonceExpiresAt: atMs },
      ...{ bootSpec: all.bootSpec, agentVersion: all.agentVersion },
      snp: {
        report: base64(report),
        certificates: { vek: base64(vcek), ask: base64(root.ask), ark: base64(root.ark) },
      },
      tpm: {
        ...{ attest: base64(attest), signature: base64(signature), akPublic: base64(all.tpm.area) },
        ...{ bank: 'sha256', pcrs },
      },
      ima: { from: all.from, sha256: imaSha256.toString('hex'), entries: base64(sent) },
    };
    return { document: Buffer.from(JSON.stringify(all.change(document))), ima: null };
  };
  return {
    ...{ root, context, policy: hostPolicy, round },
    judge: (evidence, over = {}, policy = hostPolicy) =>
      judgeHostEvidence(evidence, { ...context, ...over }, compileAppraisalPolicy(policy)),
  };
};

export const bootSpecOf = (over: object = {}): string =>
  hostBootSpecText({
    ...{
      version: 1,
      network: networkId,
      kind: 'hccam',
      attesterId,
      bootId: 'boot-1',
      image: `sha256:${'1'.repeat(64)}`,
    },
    ...over,
  });

/** What a kernel measures when the agent starts: boot_aggregate over PCRs 0 to 9 first. */
export const honestEntries: readonly Made[] = [
  entryOf({ path: 'boot_aggregate', content: Buffer.from(Object.values(boot).join(''), 'hex').toString('ascii') }),
  ...agentFiles.map((path) => entryOf({ path })),
];

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const akNameOf = ({ area }: SoftwareKey): string => readTpmKey(area).name ?? '';

const honest = (tpm: SoftwareKey): Round => ({
  ...{ nonce, speaksFor: { attesterId, networkId }, tpm, entries: honestEntries, quoted: honestEntries.length },
  ...{ from: 0, resetCount: 7, clockMs: 1_000, agentVersion: '1.0.0', bootSpec: bootSpecOf(), report: {} },
  change: (document) => document,
});

const contextOf = (root: SimulatedRoot, tpm: SoftwareKey, deviceId: string): HostContext => ({
  network: { id: networkId, kind: 'simulated' },
  attesterId,
  nonceSha256: createHash('sha256').update(nonce).digest('hex'),
  enrolled: { akName: akNameOf(tpm), ekPublicSha256, isSimulated: true },
  previous: { tpm: null, ima: null },
  devices: { chip: { deviceId, heldBy: attesterId }, tpm: { deviceId: ekPublicSha256, heldBy: attesterId } },
  roots: [trustRootOf(root.ark, { name: 'simulated', product: 'milan', simulated: true })],
  revocationLists: {
    milan: simulatedProcessor.issueRevocationList(root, {
      ...{ thisUpdateMs: atMs - 1_000, nextUpdateMs: atMs + 1_000, revokesAsk: false },
    }),
  },
  endorsements: null,
  atMs,
});

export const hostPolicy: AppraisalPolicy = readAppraisalPolicy({
  version: 1,
  name: 'host-attestation',
  snp: simulatedSnpPolicy,
  tpm: {
    ...{ version: 1, simulatedTpm: 'unchecked', akAttributes: 'required', sha1: 'refused', clockSafe: 'required' },
    ...{ pcrs: [{ bank: 'sha256', indices: [...Array(11).keys()] }], pcrValues: 'unchecked' },
  },
  ima: policyOf({ bootAggregate: 'required', notYetAttestedMax: 2 }),
  referenceValues: {
    launchDigests: [{ digest: measurement.toString('hex'), label: 'system VM' }],
    agentBundles: [{ version: '1.0.0', files: agentFiles.map((path) => ({ path, digest: sha256Of(path) })) }],
  },
  requiredGroups: ['hardware', 'launch', 'tpm', 'ima', 'identity'],
});
