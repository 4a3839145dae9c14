import type { DesiredSpec } from '#domain';

/** Whether a spec that arrives outdates the one we know: by generation first, then by revision.
 *  An equal one is a repeat: nothing new, and yet a fresh reading of the truth. */
export const acceptSpec = (known: Fence | null, incoming: Fence): 'newer' | 'same' | 'older' => {
  if (known === null) return 'newer';
  if (incoming.generation !== known.generation) return incoming.generation > known.generation ? 'newer' : 'older';
  if (incoming.specRevision === known.specRevision) return 'same';
  return incoming.specRevision > known.specRevision ? 'newer' : 'older';
};

export type Fence = Pick<DesiredSpec, 'generation' | 'specRevision'>;

/** The newest spec known of a VM: the one on record, or, where there is none (yet, or any more), the newest one read in
 *  this life. Late copies of older specs must not make a VM of which we have read that it shall be absent. */
export const newestKnown = (vm: { readonly spec: Fence } | null, fresh: Fence | null): Fence | null =>
  vm?.spec ?? fresh;
