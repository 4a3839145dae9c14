import type { KeyObject } from 'node:crypto';
import type { Log } from '#edge';
import { aggregates, type Clock, type EventStore, isoTime, type StreamName } from '#events';
import { type Passport, type PassportBody, passportFormat, passportVersion, signPassport, streamsOf } from '#passport';
import { collectEvidence, type PassportSources, type Verdict } from './passport-evidence.ts';
import { createChipHolders, readPolicies, readStreams } from './passport-streams.ts';

export type PassportMakingParts = PassportSources & {
  readonly store: Pick<EventStore, 'readStream'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly networkId: string;
  /** Ed25519, private. */
  readonly networkKey: KeyObject;
};

/** Makes the passport of a VM that is there, of what is recorded now. Refuses `passport-too-large`. */
export type MakePassport = (vmId: string) => Promise<Passport>;

/** One at a time: each is some megabytes, and nobody waits for one. */
export const createPassportMaking = (parts: PassportMakingParts): MakePassport => {
  let last: Promise<void> = Promise.resolve();
  return (vmId) => {
    const made = last.then(() => make(vmId, parts));
    // When it is over, not what it was: nothing of a passport is kept.
    const over = (): void => undefined;
    last = made.then(over, over);
    return made;
  };
};

const make = async (vmId: string, parts: PassportMakingParts): Promise<Passport> => {
  const { store, clock, networkId, networkKey } = parts;
  // The verdicts last: one that a release names was recorded before it.
  const streams = await readStreams(store, streamsOf(vmId));
  const verdicts = verdictsIn(streams[2]);
  const [versions, boots] = [versionsOf(verdicts), bootDigestsIn(streams[1])];
  const policies = await readPolicies(
    store,
    (version, document) => versions.has(version) || startsAny(document, boots),
  );
  const evidence = await collectEvidence(verdicts, { ...parts, holderOf: createChipHolders(store) });
  const body: PassportBody = {
    ...{ format: passportFormat, version: passportVersion, networkId, vmId, madeAt: isoTime(clock.now()) },
    ...{ streams, policies, ...evidence },
  };
  return signPassport(body, networkKey);
};

type Stream = Passport['streams'][number] | undefined;

const verdictsIn = (stream: Stream): readonly Verdict[] =>
  (stream?.events ?? []).flatMap((recorded) => {
    const { type, version, data, recordedAt } = recorded;
    const event = aggregates.appraisal.codec.decode({
      ...{ type, version, revision: BigInt(recorded.revision) },
      // As the store gave them.
      ...{
        stream: stream?.stream as StreamName,
        data: data as Parameters<typeof aggregates.appraisal.codec.decode>[0]['data'],
      },
    });
    return event.type === 'EvidenceAppraised' ? [{ event, atMs: Date.parse(recordedAt) }] : [];
  });

const versionsOf = (verdicts: readonly Verdict[]): ReadonlySet<number> =>
  new Set(
    verdicts.flatMap(({ event }) =>
      event.policies.flatMap(({ name, version }) => (name === 'guest-boot' ? [version] : [])),
    ),
  );

const bootDigestsIn = (stream: Stream): ReadonlySet<unknown> =>
  new Set((stream?.events ?? []).flatMap(({ type, data }) => (type === 'VmBootSpecified' ? [data.bootDigest] : [])));

/** A version may have settled a boot of which no verdict came. */
const startsAny = (document: object, bootDigests: ReadonlySet<unknown>): boolean =>
  'boots' in document &&
  Array.isArray(document.boots) &&
  document.boots.some(
    (one: unknown) => typeof one === 'object' && one !== null && 'bootDigest' in one && bootDigests.has(one.bootDigest),
  );
