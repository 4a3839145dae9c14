import { createHash, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import {
  bootDigestOf,
  guestBootSpecText,
  guestCommandLine,
  guestLaunchDigests,
  keySuites,
  trustRootOf,
} from '#attestation';
import type { AppraisalEvent, BootId, ImageDigest, MinerId, NetworkEvent, VmEvent, VmId } from '#domain';
import { credits, gibibyte } from '#domain';
import { attesterId } from '#events';
import { simulatedProcessor } from '#simulated-processor';
import { guestPolicy, openGuest, type Saying } from '../../attestation/src/guest/guest.fixture.ts';
import { documentSha256 } from './document.ts';

export const networkId = '0198c0de-0000-7000-8000-000000000001';
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

export const guest = await openGuest();
export const startMs = guest.context.atMs;
export const networkKey = generateKeyPairSync('ed25519').privateKey;
export const [vmId, minerId, accountId] = [randomUUID(), randomUUID(), randomUUID()];
const base = { rootHash: 'cd'.repeat(32), salt: 'ef'.repeat(32), dataBlocks: 1_234 };
const files = { kernelSha256: sha256('kernel'), initrdSha256: sha256('initrd') };
const headerSha256 = 'c'.repeat(64);
const sshHostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGhvc3RrZXk';

const rawKey = createPublicKey(networkKey).export({ format: 'raw-public' });
const cmdline = guestCommandLine({ networkId, kind: 'simulated', networkKey: rawKey, base });
const launchDigests = guestLaunchDigests(guestPolicy.boots, { cmdline, vcpus: 2 }, simulatedProcessor);

/** A list of what the scene's simulated root took back, two hours long, around the story or later by some time. */
export const revocationList = (revokesAsk: boolean, laterMs = 0): Uint8Array =>
  simulatedProcessor.issueRevocationList(guest.root, {
    thisUpdateMs: startMs - 3_600_000 + laterMs,
    nextUpdateMs: startMs + 3_600_000 + laterMs,
    revokesAsk,
  });

/** A boot as it is settled, what its guest says of it, and what the network makes of that. */
export const bootOf = (n: number, saying: Partial<Saying> = {}) => {
  const bootId = randomUUID() as BootId;
  const generation = 1;
  const bootSpec = guestBootSpecText({
    ...{ version: 1, kind: 'vm', network: networkId, vmId, generation, bootId },
    ...{ image: `sha256:${'ab'.repeat(32)}`, integrity: 'none' },
  });
  const at = startMs + n * 60_000;
  const boot = { vmId, minerId, generation, bootId, bootSpec, bootDigest: bootDigestOf(files), launchDigests };
  const facts = { sshHostKey, headerSha256, counter: n };
  const guestKey = Buffer.alloc(keySuites.hybrid.publicKeyBytes, n);
  const nonce = (purpose: number) => Buffer.alloc(32, 16 * n + purpose);
  const said = {
    key: guest.say({
      purpose: 'vm-key',
      boot,
      nonce: nonce(1),
      key: guestKey,
      suite: keySuites.hybrid.name,
      ...saying,
    }),
    host: guest.say({ purpose: 'ssh-host-key', boot, nonce: nonce(2), facts }),
  };
  return { ...{ n, bootId, generation, bootSpec, at, facts, guestKey, said }, nonces: [nonce(1), nonce(2)] as const };
};

export type Boot = ReturnType<typeof bootOf>;

export const verdictOf = (document: Uint8Array, nonce: Uint8Array, at: number): AppraisalEvent => ({
  ...{ type: 'EvidenceAppraised', attesterId: attesterId.decode(vmId), kind: 'guest', appraisalId: idOf(document) },
  ...{ attestorId: 'attestor-1', appraisedAt: at, nonceSha256: sha256(nonce), nonceExpiresAt: at + 60_000 },
  ...{ evidenceSha256: sha256(document), platform: 'simulated', tier: 'affirming', refusals: [], nextDueAt: at },
  policies: [{ name: 'guest-boot', version: 1, sha256: documentSha256(policyDocument) }],
  groups: {
    ...({ hardware: 'affirming', launch: 'affirming', tpm: 'none' } as const),
    ...({ ima: 'none', identity: 'affirming' } as const),
  },
  claims: {
    ...{ chipId: guest.chipId, product: 'genoa', reportedTcb: '1', launchDigest: launchDigests[0] ?? null },
    ...{ ekPublicSha256: null, akName: null, imaEntries: 0, imaNotAttested: 0, agentVersion: '1.0.0' },
  },
  progress: { tpm: null, ima: null },
});

export const policyDocument: Record<string, unknown> = JSON.parse(JSON.stringify(guestPolicy));

export const idOf = (document: Uint8Array): string => {
  const hex = sha256(document);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const at = { minerId: minerId as MinerId, generation: 1 };

export const vmStory = (boots: readonly Boot[]): readonly (readonly [number, VmEvent])[] => [
  [
    startMs,
    {
      ...{ type: 'VmRequested', vmId: vmId as VmId, accountId: accountId as never, name: 'web', flavorId: 'standard' },
      size: { vcpus: 2, memoryBytes: gibibyte, diskBytes: gibibyte },
      imageDigest: 'ab'.repeat(32) as ImageDigest,
      ...{ sshPublicKeys: ['ssh-ed25519 AAAA'], restartPolicy: 'never', firstHold: credits(1n), deadlineAt: startMs },
    },
  ],
  [startMs, { type: 'VmVolumeChosen', integrity: 'none' }],
  [startMs, { type: 'VmPlacementProposed', ...at, snapshotPosition: '1', deadlineAt: startMs }],
  [startMs, { type: 'VmPlaced', ...at }],
  ...boots.flatMap((boot) => bootStory(boot).map((event) => [boot.at, event] as const)),
];

const firstTime = { mode: 'format', headerSha256: null } as const;
const laterOn = { mode: 'unlock', headerSha256 } as const;
const stopped = (bootId: BootId, atMs: number): readonly VmEvent[] => [
  { type: 'VmStopRequested', reason: 'owner', deadlineAt: atMs },
  { type: 'VmStopped', bootId, cause: 'requested', detail: '', ...at, agentEpoch: 1, sequence: 3 },
  { type: 'VmStartRequested' },
];

const bootStory = ({ n, bootId, generation, bootSpec, at: atMs, facts, guestKey, said }: Boot): readonly VmEvent[] => {
  const released = {
    type: 'VmKeyReleased' as const,
    ...{ bootId, ...at, guestKeySha256: sha256(guestKey), suite: keySuites.hybrid.name },
    ...{ appraisalId: idOf(said.key), appraisedAt: atMs, keyVersion: 1, releasedAt: atMs, deadlineAt: atMs + 300_000 },
  } as const;
  const running = { ...at, agentEpoch: 1, sequence: 2 * n };
  return [
    {
      type: 'BootAuthorized',
      generation,
      bootEpoch: n,
      bootId,
      cause: 'owner-start',
      authorizedAt: atMs,
      deadlineAt: atMs,
    },
    {
      ...{ type: 'VmBootSpecified', bootId, generation, bootSpec, bootDigest: bootDigestOf(files), bootRevision: 1 },
      ...{ ...files, baseRootHash: base.rootHash, cmdline, launchDigests, consentNeeded: false },
    },
    { ...released, ...(n === 1 ? firstTime : laterOn), counter: n },
    { type: 'VmBootConfirmed', bootId, ...at, appraisalId: idOf(said.host), ...facts },
    {
      ...{ type: 'VmRunning', bootId, endpoint: { host: '192.0.2.7', port: 22 }, sshHostKey, sshHostKeyAttested: true },
      ...running,
    },
    ...(n === 1 ? stopped(bootId, atMs) : []),
  ];
};

/** How the scene's network was founded. */
export const foundedAs = (kind: 'simulated' | 'production'): NetworkEvent => {
  const anchor = trustRootOf(guest.root.ark, { name: 'x', product: guest.root.product, simulated: true });
  return {
    ...{ type: 'NetworkFounded', networkId, name: 'test', kind },
    networkPublicKey: createPublicKey(networkKey).export({ type: 'spki', format: 'der' }).toString('base64'),
    simulatedRootSha256: kind === 'simulated' ? anchor.spkiSha256 : null,
  };
};
