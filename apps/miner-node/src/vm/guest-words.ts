import type { DesiredSpec } from '#domain';
import type { Log } from '#edge';
import { keysDigest } from '#host';
import { type LaunchedBoot, type LocalVm, launchedBoot } from '../converge/index.ts';
import { failureOf } from '../failure.ts';
import type { GuestAccess, GuestSaid, Machine } from '../ports/hypervisor.ts';

/** What the guest of a VM that runs is told. */
export const accessOf = (spec: DesiredSpec, live: LaunchedBoot): GuestAccess => {
  const { bootSpec, sshHostKey, bootId } = live;
  if (bootSpec === undefined) return { kind: 'plain', hostname: spec.name, authorizedKeys: spec.sshPublicKeys };
  // The network signs for one boot: what it says to the next one is not for the guest that still runs.
  const envelope = spec.boot?.bootId === bootId ? (spec.sealed?.access ?? null) : null;
  return { kind: 'sealed', bootSpec, isReady: sshHostKey !== null, envelope };
};

/** Whether a newer spec has something to tell a guest that runs. */
export const isNewAccess = (known: DesiredSpec, newer: DesiredSpec): boolean =>
  known.keysVersion !== newer.keysVersion || known.sealed?.access !== newer.sealed?.access;

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
  if (said.kind === 'failed') {
    const code = said.code === undefined ? {} : { guestFailureCode: said.code };
    return isFirst ? { guestFailure: said.detail, ...code } : null;
  }
  // A sealed guest is given its keys by the network, and says which of them; a plain one by this host, and says what they are.
  const isNewest =
    live.bootSpec === undefined ? said.keysSha256 === keysDigest(sshPublicKeys) : said.keysVersion === keysVersion;
  const hasKeys = isNewest && live.keysVersion !== keysVersion;
  if (!isFirst && !hasKeys) return null;
  return { ...(isFirst ? { sshHostKey: said.sshHostKey } : {}), ...(hasKeys ? { keysVersion } : {}) };
};

/** Changed keys go to the guest that runs, at once; it says when it has taken them. */
export const tellGuest = (machine: Machine | null, vm: LocalVm, spec: DesiredSpec, log: Log): void => {
  const live = launchedBoot(vm);
  try {
    if (live !== null) machine?.tell(accessOf(spec, live));
  } catch (error) {
    log('error', 'the guest cannot be told its keys', { vmId: spec.vmId, ...failureOf(error, 'unknown') });
  }
};
