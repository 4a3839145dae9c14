import type { DesiredSpec } from '#domain';
import type { Log } from '#edge';
import { keysDigest } from '#host';
import type { LaunchedBoot } from '../converge/index.ts';
import { failureOf } from '../failure.ts';
import type { GuestAccess, GuestSaid, Machine } from '../ports/hypervisor.ts';

/** What the guest of a VM is told. */
export const accessOf = (spec: DesiredSpec): GuestAccess => ({
  hostname: spec.name,
  authorizedKeys: spec.sshPublicKeys,
});

/**
 * What a guest's word adds to the record of its boot; `null` when nothing. One word per boot, the first, and one more
 * for each change of its keys: a guest that changes its mind would otherwise cost a write and an event each time.
 */
export const newWord = (
  live: LaunchedBoot,
  { sshPublicKeys, keysVersion }: DesiredSpec,
  said: Exclude<GuestSaid, { kind: 'misbehaved' }>,
): Partial<LaunchedBoot> | null => {
  if (live.guestFailure !== null) return null;
  const isFirst = live.sshHostKey === null;
  if (said.kind === 'failed') return isFirst ? { guestFailure: said.detail } : null;
  const hasKeys = said.keysSha256 === keysDigest(sshPublicKeys) && live.keysVersion !== keysVersion;
  if (!isFirst && !hasKeys) return null;
  return { ...(isFirst ? { sshHostKey: said.sshHostKey } : {}), ...(hasKeys ? { keysVersion } : {}) };
};

/** Changed keys go to the guest that runs, at once; it says when it has taken them. */
export const tellGuest = (machine: Machine | null, spec: DesiredSpec, log: Log): void => {
  try {
    machine?.tell(accessOf(spec));
  } catch (error) {
    log('error', 'the guest cannot be told its keys', { vmId: spec.vmId, ...failureOf(error, 'unknown') });
  }
};
