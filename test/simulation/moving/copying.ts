import type { BackupOutcome, UnixMs } from '#domain';
import { type Copy, launchedBoot } from '../../../apps/miner-node/src/converge/index.ts';
import type { Guest, Host } from '../guest.ts';

/** What a host does with a copy of a volume: it takes a while, beside everything else. */
export type Copying = { readonly copy: Copy; readonly overAt: UnixMs };

const copyMsMax = 12_000;
const retryMs = 5_000;
/** How the reason of a copy that did not work begins. */
export const copyDetail = 'simulated: the store does not answer';
/** What no trouble of the simulation explains. */
const absentDetail = 'the store has no such backup';

export const beginCopy = (copy: Copy, guest: Guest, host: Host): void => {
  guest.copying = { copy, overAt: host.now() + host.random.between(200, copyMsMax) };
};

/** Does what the copy was for, all at once at its end, and writes it down. */
export const recordCopy = (guest: Guest, host: Host): void => {
  const { copying, record } = guest;
  guest.copying = null;
  if (copying === null || record === null) return;
  const { copy } = copying;
  if (copy.kind === 'backup') guest.record = { ...record, backup: backedUp(copy.backupId, guest, host) };
  else if (copy.kind === 'restore') restore(copy, guest, host);
  else {
    const { after, kept } = copy;
    host.backups.sweep(guest.vmId, kept);
    guest.record = { ...record, swept: { after, kept } };
  }
};

const backedUp = (backupId: string, { vmId, volume, record }: Guest, host: Host): BackupOutcome => {
  const diskBytes = record?.disk?.diskBytes ?? 0;
  if (volume === null || host.startsFail()) {
    return { backupId, outcome: 'failed', code: 'backup-failed', detail: copyDetail };
  }
  return { backupId, outcome: 'made', ...host.backups.put(vmId, { volume, diskBytes }) };
};

const restore = (copy: Extract<Copy, { kind: 'restore' }>, guest: Guest, host: Host): void => {
  const { manifestSha256, imageDigest, generation } = copy;
  const found = host.startsFail() ? null : host.backups.get(guest.vmId, manifestSha256);
  if (guest.record === null || launchedBoot(guest.record) !== null) return;
  if (found === null) {
    const attempts = (guest.startFailure?.attempts ?? 0) + 1;
    const detail = host.startsFail() ? copyDetail : absentDetail;
    guest.startFailure = { attempts, retryAt: host.now() + retryMs, code: 'disk-not-restored', detail };
    return;
  }
  const disk = { imageDigest, diskBytes: found.diskBytes, kind: 'volume' } as const;
  guest.record = { ...guest.record, disk, restoredIn: generation };
  guest.volume = found.volume;
};
