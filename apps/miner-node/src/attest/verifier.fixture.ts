import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import {
  type AppraisalPolicy,
  compileAppraisalPolicy,
  type HostContext,
  type HostJudgement,
  judgeHostEvidence,
  makeCredential,
  readAppraisalPolicy,
  readTpmKey,
  type SimulatedRoot,
  simulatedSnpPolicy,
  trustRootOf,
} from '#attestation';
import type { AttestationRequest, AttestationRequests, AttesterBus, Clock } from '#events';
import { simulatedProcessor } from '#simulated-processor';

type Handlers = {
  readonly [What in AttestationRequest]: (
    message: AttestationRequests[What]['ask'],
  ) => Promise<AttestationRequests[What]['answer']>;
};

export type Reference = {
  readonly launchDigest: string;
  readonly version: string;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
};

/** A verifier of one miner at the end of no bus: its keys, its memory and its judgements are the real ones. */
export const openVerifier = (of: {
  readonly network: { readonly id: string; readonly kind: 'simulated' };
  readonly attesterId: string;
  readonly root: SimulatedRoot;
  readonly clock: Clock;
}) => {
  const { network, attesterId, root, clock } = of;
  const judgements: HostJudgement[] = [];
  let reference: Reference | null = null;
  let enrolled: HostContext['enrolled'] = null;
  let pending: { readonly secret: Buffer; readonly key: NonNullable<HostContext['enrolled']> } | null = null;
  let previous: HostContext['previous'] = { tpm: null, ima: null };
  let nonce = Buffer.alloc(0);
  let chipId = '';
  const dates = () => ({ notBeforeMs: clock.now() - 60_000, notAfterMs: clock.now() + 3_600_000 });

  const context = (): HostContext => ({
    ...{ network, attesterId, enrolled, previous, endorsements: null, atMs: clock.now() },
    nonceSha256: createHash('sha256').update(nonce).digest('hex'),
    devices: {
      chip: { deviceId: chipId, heldBy: attesterId },
      tpm: { deviceId: enrolled?.ekPublicSha256 ?? '', heldBy: attesterId },
    },
    roots: [trustRootOf(root.ark, { name: 'simulated', product: 'milan', simulated: true })],
    revocationLists: {
      milan: simulatedProcessor.issueRevocationList(root, {
        ...{ thisUpdateMs: clock.now() - 1_000, nextUpdateMs: clock.now() + 60_000, revokesAsk: false },
      }),
    },
  });

  const handlers: Handlers = {
    challenge: async () => {
      nonce = randomBytes(32);
      return {
        ...{ nonce: nonce.toString('base64'), expiresAt: clock.now() + 60_000 },
        ...{ networkId: network.id, networkKind: network.kind, akName: enrolled?.akName ?? null },
        imaFrom: previous.ima?.attested.entries ?? 0,
      };
    },
    enrol: async ({ ekPublic, akPublic, isSimulated }) => {
      const [ek, ak] = [readTpmKey(bytes(ekPublic)), readTpmKey(bytes(akPublic))];
      const secret = randomBytes(32);
      pending = { secret, key: { akName: ak.name ?? '', ekPublicSha256: ek.spkiSha256, isSimulated } };
      const { idObject, encryptedSecret } = makeCredential(ek, bytes(ak.name ?? '', 'hex'), secret, randomBytes);
      return { credentialBlob: base64(idObject), encryptedSecret: base64(encryptedSecret), token: 'one' };
    },
    activate: async ({ secret }) => {
      if (pending === null || !pending.secret.equals(bytes(secret))) throw new Error('not activated');
      enrolled = pending.key;
      return { akName: enrolled.akName };
    },
    chip: async ({ publicKey }) => {
      const publicKeySpki = bytes(publicKey);
      createPublicKey({ key: publicKeySpki, format: 'der', type: 'spki' });
      chipId = Buffer.from(simulatedProcessor.chipIdOf(publicKeySpki)).toString('hex');
      const tcb = { bootloader: 10, tee: 0, snp: 27, microcode: 222 };
      const vcek = simulatedProcessor.issueVcek(root, { publicKeySpki, tcb, ...dates() });
      return { vcek: base64(vcek), ask: base64(root.ask), ark: base64(root.ark) };
    },
    'guest-challenge': async () => Promise.reject(new Error('this verifier judges hosts')),
    'guest-evidence': async () => Promise.reject(new Error('this verifier judges hosts')),
    ima: async ({ index }) => ({ nextIndex: index + 1 }),
    evidence: async ({ evidence }) => {
      if (reference === null) throw new Error('nothing is accepted yet');
      const policy = compileAppraisalPolicy(policyOf(reference));
      const judgement = judgeHostEvidence({ document: Buffer.from(evidence), ima: null }, context(), policy);
      judgements.push(judgement);
      const { tier, groups, refusals, progress } = judgement.appraisal;
      if (tier === 'affirming') previous = { tpm: progress.tpm, ima: progress.ima };
      return {
        ...{ appraisalId: '00000000-0000-4000-8000-000000000000', tier, groups, nextDueAt: clock.now(), result: '' },
        refusals: refusals.map((one) => ({ ...one, title: '', fix: '' })),
      };
    },
  };
  const bus: Pick<AttesterBus, 'ask'> = { ask: (what, message) => handlers[what](message) };
  return {
    bus,
    judgements,
    accept: (accepted: Reference) => {
      reference = accepted;
    },
  };
};

const policyOf = ({ launchDigest, version, files }: Reference): AppraisalPolicy =>
  readAppraisalPolicy({
    version: 1,
    name: 'host-attestation',
    snp: simulatedSnpPolicy,
    tpm: {
      ...{ version: 1, simulatedTpm: 'unchecked', akAttributes: 'required', sha1: 'refused', clockSafe: 'unchecked' },
      ...{ pcrs: [{ bank: 'sha256', indices: [...Array(11).keys()] }], pcrValues: 'unchecked' },
    },
    ima: {
      ...{ version: 1, banks: ['sha256'], extension: 'per-bank', bootAggregate: 'required', violations: 'refuse' },
      ...{ notYetAttestedMax: 0, order: ['reject', 'exclude', 'signature', 'allow'], rejects: [], excludes: [] },
      ...{ signatures: 'unchecked', allow: {}, unknownFiles: 'refuse', keyrings: {}, buffers: {} },
    },
    referenceValues: {
      launchDigests: [{ digest: launchDigest, label: 'HCCAM' }],
      agentBundles: [{ version, files: files.map(({ path, sha256 }) => ({ path, digest: `sha256:${sha256}` })) }],
    },
    requiredGroups: ['hardware', 'launch', 'tpm', 'ima', 'identity'],
  });

const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');
const bytes = (text: string, encoding: 'base64' | 'hex' = 'base64'): Buffer => Buffer.from(text, encoding);
