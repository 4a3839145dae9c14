import type { Accelerator, DesiredSpec, SealedSpec } from '#domain';
import type { VmUsage } from '#events';
import type { DiskKind, QemuExit } from '../converge/index.ts';
import type { BootFiles, BootImage } from './image-cache.ts';

/** What the agent needs of whatever runs VMs. One VM has one set of files, found again by its id alone. */
export type Hypervisor = {
  /** How VMs run here, probed, with the reason in one sentence. */
  accelerator(): Promise<{ readonly accelerator: Accelerator; readonly reason: string }>;
  /** The preferred port when it is free on this host, else another free one. */
  choosePort(preferred: number | null): Promise<number>;
  /** Makes the VM's disk, complete or not at all. One left by an interrupted try, which no boot has used, is replaced. */
  createDisk(vmId: string, disk: NewDisk, diskBytes: number): Promise<void>;
  /** Grows the disk of a VM that does not run; one that has the size is left as it is. Rejects a smaller size. */
  growDisk(vmId: string, kind: DiskKind, diskBytes: number): Promise<void>;
  start(plan: StartPlan): Promise<Started>;
  /** Takes over a VM that an earlier agent started; `null` when it does not run. Rejects when it runs and does not answer. */
  adopt(vmId: string): Promise<Machine | null>;
  /** Why a VM ended that nobody watched, where its host still knows; `null` where it does not. Tidies up after it;
   *  never rejects. */
  lastWords(vmId: string): Promise<QemuExit | null>;
  /** Ends the VM's process, when there is one, without asking it. */
  kill(vmId: string): Promise<void>;
};

/** What is written over an image, or a volume that only the guest fills and reads. */
export type NewDisk = { readonly kind: 'overlay'; readonly image: BootImage } | { readonly kind: 'volume' };

export type StartPlan = {
  readonly spec: DesiredSpec;
  readonly image: BootImage;
  readonly sshPort: number;
  /** What a sealed VM is started as, and from; `null` for a plain one, which its image starts. */
  readonly sealed: (Pick<SealedSpec, 'bootSpec' | 'cmdline'> & { readonly boot: BootFiles }) | null;
};

/** How a start went. Only `refused` promises that the guest has not run a single instruction. */
export type Started =
  | { readonly kind: 'running'; readonly machine: Machine }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  | { readonly kind: 'lost'; readonly detail: string };

/** A VM that runs. */
export type Machine = {
  readonly pid: number;
  /** Fulfilled once its process is gone; pending for ever after `release`. */
  readonly exited: Promise<QemuExit>;
  /** What holds it to its limits: `cpu`, `memory`, `io`, `pids`, `disk-rate`. */
  readonly heldBy: readonly string[];
  /** What this run of it has used, and the memory it has now. Rejects when it cannot be asked. */
  counters(): Promise<{ readonly usage: VmUsage; readonly memoryBytes: number }>;
  /** Talks to the guest from now on: who it is, and whose keys to let in. */
  welcome(access: GuestAccess, onSaid: (said: GuestSaid) => void): void;
  /** Tells the running guest who it is and whose keys to let in from now on. Rejects access that no guest can be told. */
  tell(access: GuestAccess): void;
  /** Whether its guest was heard to ask for leave to start, and was not given it yet: then nothing of its disk runs. */
  isAsking(): boolean;
  /** Presses the power button. What comes of it shows in `exited`. */
  pressPower(): void;
  /** Ends it without asking the guest. */
  kill(): Promise<void>;
  /** Lets go without touching it. */
  release(): void;
};

/** What the guest that runs is told: a plain one who it is, a sealed one what it was started as and what the network
 *  signed for it. */
export type GuestAccess =
  | { readonly kind: 'plain'; readonly hostname: string; readonly authorizedKeys: readonly string[] }
  | {
      readonly kind: 'sealed';
      readonly bootSpec: string;
      /** Whether it has said that log-ins work. */
      readonly isReady: boolean;
      readonly envelope: string | null;
    };

/** What a guest says. Nothing vouches for any of it. */
export type GuestSaid =
  | {
      readonly kind: 'ready';
      readonly sshHostKey: string;
      /** SHA-256 of the keys it lets in; absent from guests that do not say. */
      readonly keysSha256?: string | undefined;
      /** A sealed guest says which of its owner's sets of keys that is. */
      readonly keysVersion?: number | undefined;
    }
  | { readonly kind: 'failed'; readonly detail: string; readonly code?: 'guest-stopped' | undefined }
  | { readonly kind: 'misbehaved'; readonly reason: string };
