import { fold, type Vm, type VmId } from '#domain';
import type { Log } from '#edge';
import {
  aggregates,
  type Clock,
  type CommandMeta,
  commandIdOf,
  type EventStore,
  handle,
  holderText,
  imageDigest,
  imageKeyHolder,
  type KeyVault,
  type RecordedEvent,
  readWholeStream,
  streamName,
  vmId,
} from '#events';

export type ReturnedKeysParts = {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly vault: Pick<KeyVault, 'destroy' | 'holders'>;
  /** Every VM that is not gone, as a fold knows it: what shall live is not looked at any further. May be behind. */
  readonly live: () => ReadonlyMap<VmId, { readonly state: Vm }>;
  readonly log: Log;
};

/** An old vault is found within this of being put in place, and of a start; it costs a list of a folder. */
export const returnedKeysEveryMs = 60_000;

/**
 * Destroys again what a vault has that it should have no more. A vault that is restored from a backup brings keys back and
 * loses the marks of destroyed ones, and the process that destroys keys is past the events that told it to. Of whom the log
 * knows nothing nothing is destroyed: that may be the vault of another network.
 */
export const destroyReturned = async (parts: ReturnedKeysParts): Promise<void> => {
  const { vault, live, log } = parts;
  const vms = live();
  for (const holder of await vault.holders()) {
    const digest = /^image-([0-9a-f]{64})-/.exec(holder)?.[1];
    const desired = vms.get(holder as VmId)?.state.desired ?? 'absent';
    if (digest === undefined && desired !== 'absent') continue;
    const isDestroyed = digest === undefined ? await endOfVm(parts, holder) : await endOfImage(parts, holder, digest);
    if (isDestroyed) log('warn', 'a key was in the vault again and is destroyed again', { of: holderText(holder) });
  }
};

/** Destroys the key of a VM that its owner has ended, and says so where nobody did. */
const endOfVm = async ({ store, clock, vault }: ReturnedKeysParts, holder: string): Promise<boolean> => {
  const id = vmId.decode(holder);
  const { decider, codec } = aggregates.vm;
  const history = await readWholeStream(store, streamName('vm', id));
  const [state, last] = [fold(decider, history.map(codec.decode)), history.at(-1)];
  if (state === null || state.volume === null || state.desired !== 'absent' || last === undefined) return false;
  const destroyed = await vault.destroy(holder);
  if (destroyed === null) return false;
  const command = { type: 'RecordKeyDestroyed', keyVersion: destroyed.keyVersion, now: clock.now() } as const;
  await handle({ store, clock }, aggregates.vm, id, command, metaOf(last));
  return true;
};

/** The same of a private image whose key was withdrawn, by its owner or with the image. */
const endOfImage = async (
  { store, clock, vault }: ReturnedKeysParts,
  holder: string,
  digest: string,
): Promise<boolean> => {
  const id = imageDigest.decode(digest);
  const { decider, codec } = aggregates.image;
  const history = await readWholeStream(store, streamName('image', id));
  const [state, last] = [fold(decider, history.map(codec.decode)), history.at(-1)];
  const known = state?.private ?? null;
  if (known === null || last === undefined || imageKeyHolder(id, known.owner) !== holder) return false;
  if (known.key !== 'withdrawn' && known.key !== 'destroyed') return false;
  const destroyed = await vault.destroy(holder);
  if (destroyed === null) return false;
  const command = { type: 'RecordImageKeyDestroyed', keyVersion: destroyed.keyVersion, now: clock.now() } as const;
  await handle({ store, clock }, aggregates.image, id, command, metaOf(last));
  return true;
};

const metaOf = ({ eventId, correlationId, traceparent }: RecordedEvent): CommandMeta => ({
  ...{ commandId: commandIdOf('key-destruction', eventId, 'returned'), actor: 'process:key-destruction' },
  ...{ correlationId, causationId: eventId, traceparent },
});
