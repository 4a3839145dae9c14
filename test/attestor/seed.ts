import { createHash, randomUUID } from 'node:crypto';
import canonicalize from 'canonicalize';
import { createSystemClock } from '#adapters/system';
import { type SimulatedRoot, trustRootOf } from '#attestation';
import type { MinerId } from '#domain';
import {
  type Actor,
  aggregates,
  attesterId,
  deviceStreamId,
  type EventId,
  type EventStore,
  isoTime,
  type NewEvent,
  type StreamName,
  streamName,
} from '#events';
import { hostPolicy } from '../../libs/attestation/src/appraisal/host.fixture.ts';
import type { HonestHost } from './honest-host.ts';

/** The network whose boot specs the fixture of honest evidence writes. */
export const networkId = '0198c0de-0000-7000-8000-000000000001';

/** Founds a simulated network of this root, with the policy that honest hosts satisfy, another one, or none. */
export const seedNetwork = async (
  store: EventStore,
  root: SimulatedRoot,
  policy: object | null = hostPolicy,
): Promise<void> => {
  const anchor = trustRootOf(root.ark, { name: 'test', product: root.product, simulated: true });
  const founded = aggregates.network.codec.encode({
    ...{ type: 'NetworkFounded', networkId, name: 'test', kind: 'simulated', networkPublicKey: 'AAAA' },
    simulatedRootSha256: anchor.spkiSha256,
  });
  await begin(store, streamName('network', 'main'), [founded], 'system:test');
  if (policy !== null) await publishPolicy(store, 'host-attestation', policy);
};

export const publishPolicy = async (store: EventStore, name: string, document: object): Promise<void> => {
  const text = canonicalize(document) ?? '';
  const published = aggregates.policy.codec.encode({
    ...{ type: 'PolicyPublished', name, version: 1, sha256: createHash('sha256').update(text).digest('hex') },
    ...{ document: JSON.parse(text), reason: 'test' },
  });
  await begin(store, streamName('policy', name), [published], 'operator:test');
};

/** A miner as it is once its agent came, its TPM is enrolled, and its devices are claimed. */
export const seedMiner = async (store: EventStore, host: KnownHost): Promise<void> => {
  const { minerId: id, akPublic, akName, chipId } = host;
  const [minerId, actor] = [id as MinerId, `miner:${id}`] as const;
  const { codec } = aggregates.miner;
  await begin(
    store,
    streamName('miner', id),
    [
      codec.encode({
        ...{
          type: 'MinerInvited',
          minerId,
          name: `m-${id.slice(0, 8)}`,
          joinTokenSha256: '0'.repeat(64),
          expiresAt: 0,
        },
      }),
      codec.encode({ type: 'MinerEnrolled', natsPublicKey: `U${'A'.repeat(55)}` }),
    ],
    actor,
  );
  const ekPublicSha256 = ekOf(host);
  const enrolled = aggregates.appraisal.codec.encode({
    ...{ type: 'AttestationKeyEnrolled', attesterId: attesterId.decode(id), akPublic, akName, ekPublicSha256 },
    ...{ ekCertificateSha256: null, vendor: null, isSimulated: true },
  });
  await begin(store, streamName('appraisal', id), [enrolled], actor);
  for (const device of [
    { deviceKind: 'chip', deviceId: chipId },
    { deviceKind: 'tpm', deviceId: ekPublicSha256 },
  ] as const) {
    const claimed = aggregates.device.codec.encode({ type: 'DeviceClaimed', minerId, ...device });
    await begin(store, streamName('device', deviceStreamId(device)), [claimed], 'process:device-claims');
  }
};

/** The endorsement key that a host's attestation key stands beside: one of its own. */
export const ekOf = ({ akName }: Pick<HonestHost, 'akName'>): string =>
  createHash('sha256').update(`ek of ${akName}`).digest('hex');

/** What the network knows of a host. */
export type KnownHost = Pick<HonestHost, 'minerId' | 'akPublic' | 'akName' | 'chipId'>;

type Encoded = Pick<NewEvent, 'type' | 'version' | 'data'>;

const begin = async (
  store: EventStore,
  stream: StreamName,
  encoded: readonly Encoded[],
  actor: Actor,
): Promise<void> => {
  const recordedAt = isoTime(createSystemClock().now());
  const events = encoded.map((one) => ({
    ...{ eventId: randomUUID() as EventId, ...one, recordedAt, actor },
    ...{ correlationId: randomUUID(), causationId: randomUUID(), traceparent: null },
  }));
  await store.append(stream, events, 'no-stream');
};
