import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createManualClock } from '#adapters/memory';
import type {
  AccountEvent,
  AccountId,
  AppraisalEvent,
  AttesterId,
  DeviceEvent,
  ImageDigest,
  ImageEvent,
  MinerEvent,
  MinerId,
  Size,
  VmEvent,
  VmId,
} from '#domain';
import { credits, gibibyte, mebibyte } from '#domain';
import { silentLog } from '#edge';
import {
  aggregates,
  createBareConsumer,
  derivedUuid,
  type EventStore,
  eventIdOf,
  isoTime,
  type NewEvent,
  type StreamName,
  streamName,
} from '#events';
import { openReadModel, type ReadModel } from '../../apps/orchestrator/src/projections/read-model.ts';

type Encoded = Pick<NewEvent, 'type' | 'version' | 'data'>;

/** Appends events as if somebody had decided them, one second after the other. */
export const teller = (store: EventStore) => {
  let told = 0;
  const tell = async (stream: StreamName, events: readonly Encoded[]): Promise<void> => {
    const history = await store.readStream(stream);
    const first = told;
    told += events.length;
    const news = events.map(
      (encoded, index): NewEvent => ({
        ...encoded,
        eventId: eventIdOf(`told-${store.storeId}-${first + index}`, 0),
        recordedAt: isoTime(Date.UTC(2026, 0, 1) + (first + index) * 1_000),
        actor: 'system:test',
        correlationId: `told-${first}`,
        causationId: `told-${first}`,
        traceparent: null,
      }),
    );
    await store.append(stream, news, history.at(-1)?.revision ?? 'no-stream');
  };
  const { vm, account, miner, image, appraisal, device } = aggregates;
  return {
    raw: (stream: StreamName, ...events: Encoded[]) => tell(stream, events),
    rawVm: (id: string, ...events: Encoded[]) => tell(streamName('vm', id), events),
    rawPolicy: (name: string, ...events: Encoded[]) => tell(streamName('policy', name), events),
    vm: (id: string, ...events: VmEvent[]) => tell(streamName('vm', id), events.map(vm.codec.encode)),
    account: (id: string, ...events: AccountEvent[]) =>
      tell(streamName('account', id), events.map(account.codec.encode)),
    miner: (id: string, ...events: MinerEvent[]) => tell(streamName('miner', id), events.map(miner.codec.encode)),
    appraisal: (id: string, ...events: AppraisalEvent[]) =>
      tell(streamName('appraisal', id), events.map(appraisal.codec.encode)),
    device: (id: string, ...events: DeviceEvent[]) => tell(streamName('device', id), events.map(device.codec.encode)),
    image: (id: string, ...events: ImageEvent[]) => tell(streamName('image', id), events.map(image.codec.encode)),
  };
};

/** A read model of a store in a directory of its own, gone with the test. */
export const freshReadModel = async (store: EventStore): Promise<ReadModel> => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-rm-'));
  const model = await openReadModel({ dir, store, log: silentLog });
  onTestFinished(() => {
    model.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return model;
};

/** Runs the read model's consumer, in a life of its own, until it has seen everything. */
export const caughtUp = async ({ sink }: ReadModel, store: EventStore): Promise<void> => {
  const consumer = createBareConsumer({ name: 'read-model', store, clock: createManualClock(), sink, log: silentLog });
  while ((await consumer.runOnce()) > 0);
};

// Ids and values that tests give names to. A made-up id is as good as a parsed one here.
export const uuid = (name: string): string => derivedUuid('test', name);
export const vmId = (name: string) => derivedUuid('vm', name) as VmId;
export const accountId = (name: string) => derivedUuid('account', name) as AccountId;
export const minerId = (name: string) => derivedUuid('miner', name) as MinerId;
export const digest = 'd'.repeat(64) as ImageDigest;
export const nano: Size = { vcpus: 1, memoryBytes: 256 * mebibyte, diskBytes: gibibyte };

export const manifest = {
  name: 'tiny',
  version: '1',
  architecture: 'x86_64',
  kernel: { sha256: 'a'.repeat(64), bytes: 1 },
  initrd: { sha256: 'b'.repeat(64), bytes: 2 },
  rootfs: { sha256: 'c'.repeat(64), bytes: 3 },
  cmdline: 'console=ttyS0',
  sshUser: 'root',
  minMemoryBytes: 128 * mebibyte,
  manifestVersion: 1,
  packages: [],
};

/** Evidence of a host that an attestor judged, as it is recorded. */
export const judged = (
  of: MinerId,
  how: Partial<Extract<AppraisalEvent, { type: 'EvidenceAppraised' }>> = {},
): Extract<AppraisalEvent, { type: 'EvidenceAppraised' }> => ({
  ...{
    type: 'EvidenceAppraised',
    attesterId: of as string as AttesterId,
    kind: 'host',
    appraisalId: uuid('appraisal'),
  },
  ...{ attestorId: 'attestor-1', appraisedAt: Date.UTC(2026, 0, 1), nonceSha256: 'e'.repeat(64) },
  ...{ nonceExpiresAt: Date.UTC(2026, 0, 1, 0, 2), evidenceSha256: 'f'.repeat(64), platform: 'simulated' },
  policies: [{ name: 'host-attestation', version: 1, sha256: 'a'.repeat(64) }],
  tier: 'affirming',
  groups: {
    ...({ hardware: 'affirming', launch: 'affirming', tpm: 'affirming' } as const),
    ...({ ima: 'affirming', identity: 'affirming' } as const),
  },
  refusals: [],
  claims: {
    ...{ chipId: 'ab'.repeat(64), product: 'Genoa', reportedTcb: '1', launchDigest: null, ekPublicSha256: null },
    ...{ akName: null, imaEntries: 7, imaNotAttested: 0, agentVersion: '1.0.0' },
  },
  progress: { tpm: null, ima: null },
  nextDueAt: Date.UTC(2026, 0, 1, 0, 2),
  ...how,
});

export const requested = (name: string, owner: string): VmEvent => ({
  type: 'VmRequested',
  vmId: vmId(name),
  accountId: accountId(owner),
  name,
  flavorId: 'nano',
  size: nano,
  imageDigest: digest,
  sshPublicKeys: ['ssh-ed25519 AAAA'],
  restartPolicy: 'on-failure',
  firstHold: credits(1n),
  deadlineAt: Date.UTC(2026, 0, 2),
});
