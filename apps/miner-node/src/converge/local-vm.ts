import type { BackupOutcome, BootId, DesiredSpec, ExitCause, ImageDigest } from '#domain';

/** What this host durably knows of one VM: the content of its `vm.json`. */
export type LocalVm = {
  /** The newest spec ever taken. Not a licence to start: only one read in this life of the agent is. */
  readonly spec: DesiredSpec;
  /** Port on the host that reaches the guest's SSH server; kept, so that an owner's `known_hosts` stays right. */
  readonly sshPort: number | null;
  /** Its disk, once complete. */
  readonly disk: LocalDisk | null;
  /** The newest boot. Written before QEMU is started, so that none is started twice. */
  readonly boot: LocalBoot | null;
  /** What came of the last backup it was asked for. */
  readonly backup?: BackupOutcome | undefined;
  /** The generation that its volume was made anew from a backup in. */
  readonly restoredIn?: number | undefined;
  readonly swept?: Swept | undefined;
};

/** What the store was last tidied by: the backup made before, and the ones that counted. */
export type Swept = { readonly after: string | null; readonly kept: readonly string[] };

export type LocalDisk = {
  readonly imageDigest: ImageDigest;
  readonly diskBytes: number;
  /** Absent in records of older builds, which knew only overlays. */
  readonly kind?: DiskKind | undefined;
};

/** `overlay`: what a plain VM differs from its image in. `volume`: what only a sealed VM's guest can read. */
export type DiskKind = 'overlay' | 'volume';

/** The kind of disk that a VM with this spec has. A VM never changes it. */
export const diskKindOf = ({ sealed }: Pick<DesiredSpec, 'sealed'>): DiskKind =>
  sealed === undefined ? 'overlay' : 'volume';

export type LocalBoot = {
  readonly bootId: BootId;
  readonly bootEpoch: number;
} & (
  | ({ readonly state: 'launched' } & Launched)
  | { readonly state: 'ended'; readonly cause: ExitCause; readonly detail: string; readonly agentEpoch: number }
  | { readonly state: 'failed'; readonly code: string; readonly detail: string }
);

export type Launched = {
  /** Boot id of the host's kernel at launch: with another one, this QEMU cannot be there any more. */
  readonly hostBootId: string;
  /** Said by the guest once log-ins work. */
  readonly sshHostKey: string | null;
  /** The newest version of the SSH keys that the guest has said it lets in. */
  readonly keysVersion?: number | undefined;
  /** Said by the guest when log-ins will never work. */
  readonly guestFailure: string | null;
  /** Under which code that is reported, where it is not `guest-failed`. */
  readonly guestFailureCode?: string | undefined;
  /** What a sealed guest was started as: it, and whoever signs for it, is told this and not what a later boot will be. */
  readonly bootSpec?: string | undefined;
  /** Why we pressed the power button, and in which life of the agent. Written before it is pressed. */
  readonly stopAsked: { readonly cause: 'requested' | 'host-shutdown'; readonly agentEpoch: number } | null;
};

export type LaunchedBoot = Extract<LocalBoot, { state: 'launched' }>;

/** The boot whose QEMU runs as far as the record knows; `null` when none does. */
export const launchedBoot = (vm: LocalVm | null): LaunchedBoot | null =>
  vm?.boot?.state === 'launched' ? vm.boot : null;

export type Boot = NonNullable<DesiredSpec['boot']>;

/** Epochs only rise: a boot that is not above the newest one we know was launched, skipped or given up already. */
export const isNewBoot = (vm: LocalVm | null, boot: Boot): boolean =>
  vm === null || vm.boot === null || boot.bootEpoch > vm.boot.bootEpoch;
