import type { BackupOutcome, DesiredSpec, ImageDigest } from '#domain';
import { type Boot, isNewBoot, type LaunchedBoot, type LocalVm, launchedBoot, type Swept } from './local-vm.ts';

/** What is done with copies of a volume: it takes long, so it goes on beside everything else. */
export type Copy =
  | { readonly kind: 'backup'; readonly backupId: string }
  | {
      readonly kind: 'restore';
      readonly manifestSha256: string;
      readonly generation: number;
      readonly imageDigest: ImageDigest;
      readonly diskBytesMax: number;
      readonly boot: Boot;
    }
  | ({ readonly kind: 'sweep' } & Swept);

/** How one ended. */
export type Copied =
  | { readonly kind: 'backed-up'; readonly outcome: BackupOutcome }
  | { readonly kind: 'restored'; readonly of: RestoreCopy; readonly bytes: number }
  | { readonly kind: 'not-restored'; readonly of: RestoreCopy; readonly code: string; readonly detail: string }
  | { readonly kind: 'swept'; readonly swept: Swept };

export type RestoreCopy = Extract<Copy, { readonly kind: 'restore' }>;

/** The one that is wanted now; `null` when none is. Pure. A volume is read and replaced only while nothing runs on it. */
export const wantedCopy = (vm: LocalVm | null, spec: DesiredSpec | null): Copy | null => {
  if (vm === null || spec === null) return null;
  const live = launchedBoot(vm);
  return backup(vm, live, spec) ?? restore(vm, live, spec) ?? tidying(vm, spec);
};

/** Whether two are the same work. */
export const isSameCopy = (one: Copy, other: Copy | null): boolean => JSON.stringify(one) === JSON.stringify(other);

const backup = (vm: LocalVm, live: LaunchedBoot | null, { desired, backup: asked }: DesiredSpec): Copy | null =>
  live !== null || desired !== 'stopped' || asked === undefined || vm.backup?.backupId === asked.backupId
    ? null
    : { kind: 'backup', backupId: asked.backupId };

const restore = (vm: LocalVm, live: LaunchedBoot | null, spec: DesiredSpec): Copy | null => {
  const { boot, desired, imageDigest, restore: asked, size } = spec;
  if (live !== null || desired !== 'running' || asked === undefined) return null;
  if (boot === null || !isNewBoot(vm, boot)) return null;
  const { generation, manifestSha256 } = asked;
  if ((vm.restoredIn ?? 0) >= generation) return null;
  return { kind: 'restore', manifestSha256, generation, imageDigest, diskBytesMax: size.diskBytes, boot };
};

/** Only by a list that knows of every backup that was made here: while one is asked for, it may not know the last. */
const tidying = (vm: LocalVm, { backup: asked, keptBackups: kept }: DesiredSpec): Copy | null => {
  if (asked !== undefined || kept === undefined) return null;
  const wanted: Swept = { after: vm.backup?.backupId ?? null, kept };
  return JSON.stringify(vm.swept) === JSON.stringify(wanted) ? null : { kind: 'sweep', ...wanted };
};
