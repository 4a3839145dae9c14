import {
  type AccountId,
  type AttesterId,
  fold,
  gibibyte,
  type ImageDigest,
  type MinerId,
  mebibyte,
  microCredits,
  type TokenId,
  type UnixMs,
} from '#domain';
import {
  aggregates,
  type CommandMeta,
  eventIdOf,
  type Handling,
  handle,
  handleParked,
  isoTime,
  type RecordedEvent,
  readWholeStream,
  streamName,
} from '#events';
import { goldenDir, readGoldens } from './golden.ts';

/** Makes command ids of a recording, always the same ones. */
const createStamp = () => {
  let given = 0;
  return (actor: CommandMeta['actor']): CommandMeta => {
    given += 1;
    const commandId = `00000000-0000-4000-8000-${String(given).padStart(12, '0')}`;
    return { commandId, actor, correlationId: commandId, causationId: commandId, traceparent: null };
  };
};

type Stamp = ReturnType<typeof createStamp>;
const [owner, operator, attestor] = ['owner:recorded', 'operator:recorded', 'process:attestor'] as const;
const sha256 = (digit: string): string => digit.repeat(64);

/**
 * What people decide around a run and the simulator does not: networks, flavors, images, devices, appeals, and what
 * stands parked. Given to the rules of this build as the doors give it, on the log of that run.
 */
export const recordAround = async (handling: Handling, log: readonly RecordedEvent[]): Promise<void> => {
  const stamp = createStamp();
  const of = (type: string): readonly string[] =>
    log.filter((event) => event.type === type).map(({ stream }) => stream.slice(stream.indexOf('-') + 1));
  const [accountId = ''] = of('AccountOpened');
  const [minerId = '', otherId = ''] = of('MinerInvited');
  await foundAndOffer(handling, stamp);
  await keepImages(handling, stamp, accountId as AccountId);
  await changeAccount(handling, stamp, accountId as AccountId);
  await judgeMiner(handling, stamp, minerId as MinerId);
  await claimDevices(handling, stamp, [minerId as MinerId, otherId as MinerId]);
  await decideOnParked(handling, stamp, log);
};

const foundAndOffer = async (handling: Handling, stamp: Stamp): Promise<void> => {
  const now = handling.clock.now();
  const networkId = '22222222-2222-4222-8222-222222222222';
  const keys = { networkPublicKey: Buffer.alloc(44, 1).toString('base64'), simulatedRootSha256: sha256('5') };
  const found = { type: 'FoundNetwork', now, networkId, name: 'recorded', kind: 'simulated', ...keys } as const;
  await handle(handling, aggregates.network, 'main', found, stamp(operator));
  const size = { vcpus: 2, memoryBytes: 512 * mebibyte, diskBytes: 2 * gibibyte };
  const define = { type: 'DefineFlavor', now, flavorId: 'pocket', size, pricePerHour: microCredits(20_000n) } as const;
  await handle(handling, aggregates.flavor, 'pocket', define, stamp(operator));
  const retire = { type: 'RetireFlavor', now, reason: 'pocket-2 is cheaper' } as const;
  await handle(handling, aggregates.flavor, 'pocket', retire, stamp(operator));
};

/** One image as the first builds registered it, which no build writes any more, and a private one of today. */
const keepImages = async (handling: Handling, stamp: Stamp, account: AccountId): Promise<void> => {
  const now = handling.clock.now();
  const data = firstRegistered();
  const old = String(data.digest);
  const meta = stamp(operator);
  const event = { eventId: eventIdOf(meta.commandId, 0), type: 'ImageRegistered', version: 1, data };
  await handling.store.append(streamName('image', old), [{ ...event, ...meta, recordedAt: isoTime(now) }], 'no-stream');
  const retire = { type: 'RetireImage', now, reason: 'there is a newer one' } as const;
  await handle(handling, aggregates.image, old, retire, stamp(operator));
  const digest = sha256('9') as ImageDigest;
  const file = (digit: string) => ({ sha256: sha256(digit), bytes: 4_096 });
  const manifest = {
    ...{ manifestVersion: 2, name: 'recorded', version: '1', architecture: 'amd64', cmdline: 'quiet', sshUser: 'root' },
    ...{ kernel: file('1'), initrd: file('2'), rootfs: file('3'), minMemoryBytes: 0, packages: [] },
    verity: { rootHash: sha256('4'), salt: sha256('6'), dataBlocks: 1_024, tree: file('7') },
  } as const;
  const privacy = { owner: account, headerSha256: sha256('8') };
  for (const command of [
    { type: 'RegisterImage', now, digest, manifest, privacy },
    { type: 'RecordImageKeyKept', now, keyVersion: 1 },
    { type: 'WithdrawImageKey', now, reason: 'its owner encrypts it anew' },
    { type: 'RecordImageKeyDestroyed', now, keyVersion: 1 },
  ] as const) {
    await handle(handling, aggregates.image, digest, command, stamp(owner));
  }
};

const firstRegistered = () => {
  const goldens = readGoldens(goldenDir(process.cwd()));
  const first = goldens.find(({ type, version, readAs }) => type === 'ImageRegistered' && version === 1 && !readAs);
  const [data] = first?.samples ?? [];
  if (data === undefined) throw new Error('BUG: the first form of ImageRegistered has its golden file');
  return data;
};

const changeAccount = async (handling: Handling, stamp: Stamp, account: AccountId): Promise<void> => {
  const now = handling.clock.now();
  const tokenId = '33333333-3333-4333-8333-333333333333' as TokenId;
  const blob = Buffer.concat([sshField('ssh-ed25519'), sshField(Buffer.alloc(32, 7))]).toString('base64');
  const fingerprint = `SHA256:${'x'.repeat(43)}`;
  for (const command of [
    { type: 'AddSshKey', now, line: `ssh-ed25519 ${blob} laptop`, fingerprint },
    { type: 'RemoveSshKey', now, fingerprint },
    { type: 'IssueApiToken', now, tokenId, role: 'owner', sha256: sha256('a'), label: 'laptop' },
    { type: 'RevokeApiToken', now, tokenId },
  ] as const) {
    await handle(handling, aggregates.account, account, command, stamp(owner));
  }
};

const sshField = (content: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const judgeMiner = async (handling: Handling, stamp: Stamp, miner: MinerId): Promise<void> => {
  const now = handling.clock.now();
  // A host's attester has its miner's id.
  const attester: string = miner;
  const attesterId = attester as AttesterId;
  const key = { akPublic: 'AAEC', akName: `000b${sha256('b')}`, ekPublicSha256: sha256('c') };
  const tpm = { ...key, ekCertificateSha256: null, vendor: null, isSimulated: true };
  const enrol = { type: 'EnrolAttestationKey', now, attesterId, ...tpm } as const;
  await handle(handling, aggregates.appraisal, attester, enrol, stamp(attestor));
  const dueAt = await dueAtOf(handling, attester);
  const late = { type: 'DeclareOverdue', now: dueAt, attesterId, dueAt } as const;
  await handle(handling, aggregates.appraisal, attester, late, stamp(attestor));
  const check = { code: 'HCC-H001', name: 'KVM', status: 'WARN', observed: 'absent', wanted: '/dev/kvm' } as const;
  const proposalId = '44444444-4444-4444-8444-444444444444';
  for (const command of [
    { type: 'ReportHostChecks', now, checks: [{ ...check, fix: 'load the module' }] },
    { type: 'ProposeSlashing', now, proposalId, ground: 'tpm-failure', appraisalId: proposalId },
    { type: 'AppealSlashing', now, proposalId, reason: 'the board was replaced' },
    { type: 'DecideSlashing', now, proposalId, outcome: 'withdrawn', reason: 'it was' },
  ] as const) {
    await handle(handling, aggregates.miner, miner, command, stamp(operator));
  }
};

/** When its next evidence is due: what its last verdict said, or any time. */
const dueAtOf = async ({ store, clock }: Handling, attester: string): Promise<UnixMs> => {
  const { decider, codec } = aggregates.appraisal;
  const events = await readWholeStream(store, streamName('appraisal', attester));
  return fold(decider, events.map(codec.decode))?.last?.nextDueAt ?? clock.now();
};

const claimDevices = async (
  handling: Handling,
  stamp: Stamp,
  [minerId, to]: readonly [MinerId, MinerId],
): Promise<void> => {
  const now = handling.clock.now();
  const device = { deviceKind: 'tpm', deviceId: sha256('d') } as const;
  for (const command of [
    { type: 'ClaimDevice', now, minerId, ...device },
    { type: 'ClaimDevice', now, minerId: to, ...device },
    { type: 'DisputeDevice', now, minerId: to, reason: 'it was sold to us' },
    { type: 'SettleDeviceDispute', now, outcome: 'kept', reason: 'nobody has a receipt' },
    { type: 'TransferDevice', now, to, reason: 'sold' },
    { type: 'ReleaseDevice', now, reason: 'scrapped' },
  ] as const) {
    await handle(handling, aggregates.device, sha256('e'), command, stamp(operator));
  }
};

/** A consumer that could not handle one event: tried again twice in vain, then done without. */
const decideOnParked = async (handling: Handling, stamp: Stamp, [first]: readonly RecordedEvent[]): Promise<void> => {
  if (first === undefined) return;
  const now = handling.clock.now();
  const { eventId, type: eventType, stream, revision, position } = first;
  const consumer = 'read-model';
  const seen = { blocks: true, attempts: 5, firstSeenAt: now, lastSeenAt: now };
  const parked = { consumer, eventId, eventType, stream, revision, position, reason: 'no such column', ...seen };
  const by = `process:${consumer}` as const;
  const give = (command: Parameters<typeof handleParked>[2], actor: CommandMeta['actor']) =>
    handleParked(handling, consumer, command, stamp(actor));
  await give({ type: 'ParkEvent', now, ...parked }, by);
  await give({ type: 'RetryParkedEvent', now, eventId }, operator);
  await give({ type: 'FailParkedRetry', now, eventId, reason: 'no such column' }, by);
  await give({ type: 'RetryParkedEvents', now, throughRevision: 2n }, operator);
  await give({ type: 'SkipParkedEvent', now, eventId, reason: 'nobody reads that row' }, operator);
};
