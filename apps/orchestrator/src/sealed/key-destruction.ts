import { fold, type VmId } from '#domain';
import {
  aggregates,
  type Checkpoints,
  type Clock,
  type CommandMeta,
  categoryOf,
  commandIdOf,
  type EventStore,
  handle,
  imageKeyHolder,
  type KeyVault,
  type RecordedEvent,
  readWholeStream,
  type Sink,
  streamName,
} from '#events';
import { decodeKnown } from '../processes/decoded.ts';

export type KeyDestructionParts = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  readonly vault: Pick<KeyVault, 'destroy'>;
};

const name = 'key-destruction';

/**
 * Destroys the key of a VM that its owner has ended, and of a private image that was withdrawn, and says so on its stream. The key goes
 * first: an event that says more than was done could not be mended, and destroying twice is once.
 */
export const createKeyDestruction = ({ store, checkpoints, clock, vault }: KeyDestructionParts): Sink => ({
  load: async () => {
    const saved = await checkpoints.load(name);
    return saved === 'none' ? null : saved;
  },
  apply: (recorded) => {
    const category = categoryOf(recorded.stream);
    if (category !== 'vm' && category !== 'image') return undefined;
    return destroyAfter(recorded, { store, clock, vault });
  },
  commit: (position) => checkpoints.save(name, position),
});

const destroyAfter = async (
  recorded: RecordedEvent,
  { store, clock, vault }: Omit<KeyDestructionParts, 'checkpoints'>,
): Promise<void> => {
  const known = decodeKnown(recorded);
  if (known.category === 'vm' && endsVmKey.has(known.event.type)) {
    if (!(await isSealed(store, known.id))) return;
    const destroyed = await vault.destroy(known.id);
    // It ended before anybody asked for its key: there is nothing to tell.
    if (destroyed === null) return;
    const command = { type: 'RecordKeyDestroyed', keyVersion: destroyed.keyVersion, now: clock.now() } as const;
    await handle({ store, clock }, aggregates.vm, known.id, command, metaOf(recorded));
  }
  if (known.category === 'image' && endsImageKey.has(known.event.type)) {
    const owner = await ownerOf(store, known.id);
    if (owner === null) return;
    const destroyed = await vault.destroy(imageKeyHolder(known.id, owner));
    if (destroyed === null) return;
    const command = { type: 'RecordImageKeyDestroyed', keyVersion: destroyed.keyVersion, now: clock.now() } as const;
    await handle({ store, clock }, aggregates.image, known.id, command, metaOf(recorded));
  }
};

/**
 * Its owner's word is final, so the key goes at once: a miner that never says that the disk is gone would else keep it, and
 * with it every backup. The end itself is for logs from when that was waited for.
 */
const endsVmKey: ReadonlySet<string> = new Set(['VmTerminationRequested', 'VmTerminated']);
const endsImageKey: ReadonlySet<string> = new Set(['ImageRetired', 'ImageKeyWithdrawn']);

/** Whose an image is; null for a public one, which has no key. */
const ownerOf = async (store: EventStore, digest: string): Promise<string | null> => {
  const { decider, codec } = aggregates.image;
  const image = fold(decider, (await readWholeStream(store, streamName('image', digest))).map(codec.decode));
  return image?.private?.owner ?? null;
};

const isSealed = async (store: EventStore, vmId: VmId): Promise<boolean> => {
  const { decider, codec } = aggregates.vm;
  const vm = fold(decider, (await readWholeStream(store, streamName('vm', vmId))).map(codec.decode));
  return vm !== null && vm.volume !== null;
};

const metaOf = ({ eventId, correlationId, traceparent }: RecordedEvent): CommandMeta => ({
  ...{ commandId: commandIdOf(name, eventId, 'destroyed'), actor: `process:${name}` },
  ...{ correlationId, causationId: eventId, traceparent },
});
