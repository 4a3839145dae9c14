import { aggregates, type Codec, genesisHash, parseStreamName, UnknownEvent } from '#events';
import { byNetwork, type PassportCheck } from './check.ts';
import { hashOf, type Passport, type PassportEvent } from './document.ts';

type Stream = Passport['streams'][number];

/** An event as the domain knows it, with its envelope. */
export type Told<Event> = {
  readonly event: Event;
  readonly recorded: PassportEvent;
  /** When it was recorded, milliseconds since 1970. */
  readonly atMs: number;
};

/** The names that the three streams of a VM's passport have, in their order. */
export const streamsOf = (vmId: string): readonly [string, string, string] => [
  'network-main',
  `vm-${vmId}`,
  `appraisal-${vmId}`,
];

/** Whether a stream begins at its beginning, and each event has the hash of its content and follows the one before it. */
export const chainCheck = ({ stream, events }: Stream): PassportCheck => {
  let prevHash = genesisHash;
  let wrong: string | null = null;
  for (const [revision, one] of events.entries()) {
    wrong = linkFault(one, { stream, revision, prevHash });
    if (wrong !== null) break;
    prevHash = one.hash;
  }
  return byNetwork(
    'stream-chain',
    stream,
    wrong,
    `events: ${events.length}, from its beginning on, each linked to the one before`,
  );
};

type Place = { readonly stream: string; readonly revision: number; readonly prevHash: string };

const linkFault = (one: PassportEvent, { stream, revision, prevHash }: Place): string | null => {
  const at = `${one.type} at ${revision}`;
  if (one.revision !== revision) return `${at} says it has revision ${one.revision}`;
  if (one.prevHash !== prevHash) return `${at} does not follow the event before it`;
  return hashOf(one, stream) === one.hash ? null : `${at} has another hash than its content`;
};

/** The events of a stream, read as strictly as the network's own programs do; or which of them this build does not know. */
export const readTold = <Event extends { readonly type: string }>(
  { stream, events }: Stream,
  codec: Codec<Event>,
): { readonly told: readonly Told<Event>[] } | { readonly unknown: PassportCheck } => {
  const name = parseStreamName(stream);
  if (name === null) return { unknown: byNetwork('event-known', stream, 'no name of a stream', '') };
  const told: Told<Event>[] = [];
  for (const recorded of events) {
    const { type, version, data } = recorded;
    const stored = { type, version, data, stream: name, revision: BigInt(recorded.revision) };
    try {
      // Whether it is JSON is what its form was read by.
      const event = codec.decode(stored as Parameters<typeof codec.decode>[0]);
      told.push({ event, recorded, atMs: Date.parse(recorded.recordedAt) });
    } catch (error) {
      if (!(error instanceof UnknownEvent)) throw error;
      return { unknown: byNetwork('event-known', stream, error.message.slice(0, 300), '') };
    }
  }
  return { told };
};

export const codecs = {
  network: aggregates.network.codec,
  vm: aggregates.vm.codec,
  appraisal: aggregates.appraisal.codec,
} as const;
