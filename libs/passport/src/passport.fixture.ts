import { type KeyObject, randomUUID } from 'node:crypto';
import { createMemoryEventStore } from '#adapters/memory';
import type { AppraisalEvent, VmEvent } from '#domain';
import {
  type Actor,
  aggregates,
  type EventId,
  type EventStore,
  isoTime,
  type NewEvent,
  type RecordedEvent,
  type StreamName,
  streamName,
} from '#events';
import type { Saying } from '../../attestation/src/guest/guest.fixture.ts';
import { type Passport, type PassportBody, passportEvent, passportFormat, passportVersion } from './document.ts';
import { signPassport } from './signed.ts';
import {
  accountId,
  type Boot,
  bootOf,
  foundedAs,
  guest,
  idOf,
  minerId,
  networkId,
  networkKey,
  policyDocument,
  sha256,
  startMs,
  verdictOf,
  vmId,
  vmStory,
} from './story.fixture.ts';
import { streamsOf } from './told.ts';

/** A sealed VM that booted twice, as the network's own rules recorded it, with the evidence its guest gave. */
export type Scene = {
  readonly networkKey: KeyObject;
  readonly vmId: string;
  readonly accountId: string;
  readonly minerId: string;
  readonly chipId: string;
  readonly store: EventStore;
  /** What guests sent, by its digest. */
  readonly evidence: ReadonlyMap<string, Uint8Array>;
  readonly passport: Passport;
  readonly body: PassportBody;
};

export type Retold<Event> = (events: readonly Event[]) => readonly Event[];
export type Remade = (body: PassportBody) => PassportBody;

/** A passport in which each verdict names this revocation list. */
export const carrying =
  (list: Uint8Array): Remade =>
  (body) => ({
    ...body,
    appraisals: body.appraisals.map((one) => ({ ...one, revocationList: sha256(list) })),
    kept: [...body.kept, { sha256: sha256(list), bytes: Buffer.from(list).toString('base64') }],
  });

/** What a spec makes differ from the honest story; each is told once more, in the network's own hand. */
export type Twist = {
  readonly vm?: Retold<VmEvent>;
  readonly verdicts?: Retold<AppraisalEvent>;
  readonly body?: Remade;
  readonly kind?: 'production';
  /** What the guest says other than it should, of the first boot's key. */
  readonly saying?: Partial<Saying>;
};

const append = async (
  store: EventStore,
  stream: StreamName,
  events: readonly (readonly [number, Pick<NewEvent, 'type' | 'version' | 'data'>])[],
  actor: Actor,
): Promise<readonly RecordedEvent[]> => {
  const news = events.map(
    ([atMs, encoded]): NewEvent => ({
      ...encoded,
      ...{ eventId: randomUUID() as EventId, recordedAt: isoTime(atMs), actor },
      ...{ correlationId: 'story', causationId: 'story', traceparent: null },
    }),
  );
  if (news.length > 0) await store.append(stream, news, 'no-stream');
  return store.readStream(stream);
};

/** The honest story, or one with a twist that the network's own hand wrote and signed: chains and digests are right again. */
export const openScene = async (twist: Twist = {}): Promise<Scene> => {
  const store = createMemoryEventStore();
  const boots = [bootOf(1, twist.saying), bootOf(2)];
  const streams = await recorded(store, boots, twist);
  const documents = boots.flatMap(({ said }) => [said.key, said.host]);
  const made: PassportBody = {
    ...{ format: passportFormat, version: passportVersion, networkId, vmId, madeAt: isoTime(startMs + 600_000) },
    streams: streamsOf(vmId).map((stream, n) => ({ stream, events: (streams[n] ?? []).map(passportEvent) })),
    policies: [{ version: 1, document: policyDocument }],
    appraisals: documents.map((document) => ({
      ...{ appraisalId: idOf(document), evidence: sha256(document), vek: null, chain: [], revocationList: null },
      chip: { deviceId: guest.chipId, heldBy: minerId },
    })),
    kept: documents.map((document) => ({ sha256: sha256(document), bytes: Buffer.from(document).toString('base64') })),
  };
  const body = twist.body?.(made) ?? made;
  return {
    ...{ networkKey, vmId, accountId, minerId, chipId: guest.chipId, store, body },
    evidence: new Map(documents.map((document) => [sha256(document), document] as const)),
    passport: signPassport(body, networkKey),
  };
};

const recorded = async (store: EventStore, boots: readonly Boot[], twist: Twist) => {
  const { vm, appraisal, network } = aggregates;
  const story = vmStory(boots);
  const told = twist.vm?.(story.map(([, event]) => event)) ?? story.map(([, event]) => event);
  const timeOf = (event: VmEvent, n: number): number =>
    'releasedAt' in event ? event.releasedAt : (story[Math.min(n, story.length - 1)]?.[0] ?? startMs);
  const verdicts = boots.flatMap(({ said, nonces, at }) => [
    verdictOf(said.key, nonces[0], at),
    verdictOf(said.host, nonces[1], at),
  ]);
  const judged = twist.verdicts?.(verdicts) ?? verdicts;
  const founded = network.codec.encode(foundedAs(twist.kind ?? 'simulated'));
  const owner = `owner:${accountId}` as const;
  const ofVm = told.map((event, n) => [timeOf(event, n), vm.codec.encode(event)] as const);
  const ofVerdicts = judged.map(
    (event) => ['appraisedAt' in event ? event.appraisedAt : startMs, appraisal.codec.encode(event)] as const,
  );
  return [
    await append(store, streamName('network', 'main'), [[startMs, founded]], 'system:test'),
    await append(store, streamName('vm', vmId), ofVm, owner),
    await append(store, streamName('appraisal', vmId), ofVerdicts, 'system:attestor-1'),
  ];
};
