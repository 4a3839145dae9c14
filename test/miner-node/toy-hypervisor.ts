import type { BootId } from '#domain';
import type { VmUsage } from '#events';
import type { DiskKind, QemuExit } from '../../apps/miner-node/src/converge/index.ts';
import type {
  GuestAccess,
  GuestSaid,
  Hypervisor,
  Machine,
  NewDisk,
  Started,
  StartPlan,
} from '../../apps/miner-node/src/ports/hypervisor.ts';
import { noUsage } from '../../apps/miner-node/src/vm/ledger.ts';

export type ToyMachine = {
  readonly pid: number;
  readonly vmId: string;
  readonly bootId: BootId | null;
  powerPresses: number;
  /** The keys it was told while it ran. */
  readonly told: (readonly string[])[];
  /** What it was told as a sealed one: when an agent began to listen to it, and while it ran. */
  readonly sealedTold: Extract<GuestAccess, { kind: 'sealed' }>[];
  usage: VmUsage;
  /** Whether the guest of a sealed VM still asks for leave to start. */
  isAsking: boolean;
  say(said: GuestSaid): void;
  end(exit: QemuExit): void;
};

export class ToyHypervisor implements Hypervisor {
  readonly running = new Map<string, ToyMachine>();
  readonly starts: string[] = [];
  readonly disks = new Map<string, number>();
  readonly diskKinds = new Map<string, DiskKind>();
  /** What sealed VMs were started as. */
  readonly sealedStarts: NonNullable<StartPlan['sealed']>[] = [];
  /** Whether a guest obeys the power button. */
  guestsListen = true;
  /** What the next starts answer instead of running. */
  refusals: Exclude<Started, { kind: 'running' }>[] = [];
  #pid = 1_000;

  async accelerator() {
    return { accelerator: 'tcg', reason: 'a toy' } as const;
  }

  async choosePort(preferred: number | null): Promise<number> {
    return preferred ?? 40_000 + this.starts.length;
  }

  async createDisk(vmId: string, { kind }: NewDisk, diskBytes: number): Promise<void> {
    this.disks.set(vmId, diskBytes);
    this.diskKinds.set(vmId, kind);
  }

  async growDisk(vmId: string, kind: DiskKind, diskBytes: number): Promise<void> {
    // One that it did not make came out of a backup.
    if ((this.diskKinds.get(vmId) ?? 'volume') !== kind) throw new Error(`BUG: the disk of ${vmId} is no ${kind}`);
    this.disks.set(vmId, diskBytes);
  }

  async start({ spec: wanted, sealed }: StartPlan): Promise<Started> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return refusal;
    const bootId = wanted.boot?.bootId ?? null;
    this.starts.push(bootId ?? 'none');
    if (sealed !== null) this.sealedStarts.push(sealed);
    this.#pid += 1;
    const machine = this.#machine(wanted.vmId, bootId, this.#pid);
    this.running.set(wanted.vmId, machine.toy);
    return { kind: 'running', machine: machine.handle() };
  }

  async adopt(vmId: string): Promise<Machine | null> {
    return this.#handles.get(vmId)?.() ?? null;
  }

  /** Why a machine that ended unwatched did. */
  lastExit: QemuExit | null = null;

  async lastWords(): Promise<QemuExit | null> {
    return this.lastExit;
  }

  async kill(vmId: string): Promise<void> {
    this.running.get(vmId)?.end({ reason: 'unknown', detail: 'killed' });
  }

  readonly #handles = new Map<string, () => Machine>();

  #machine(vmId: string, bootId: BootId | null, pid: number) {
    const listeners = new Set<(said: GuestSaid) => void>();
    let over: (exit: QemuExit) => void = () => undefined;
    const exited = new Promise<QemuExit>((resolve) => {
      over = resolve;
    });
    const end = (exit: QemuExit) => {
      this.running.delete(vmId);
      this.#handles.delete(vmId);
      over(exit);
    };
    const toy: ToyMachine = {
      pid,
      vmId,
      bootId,
      powerPresses: 0,
      told: [],
      sealedTold: [],
      usage: noUsage,
      isAsking: false,
      end,
      say: (said) => {
        for (const listener of listeners) listener(said);
      },
    };
    const handle = (): Machine => {
      let listener: ((said: GuestSaid) => void) | null = null;
      return {
        pid,
        exited,
        heldBy: ['disk-rate'],
        counters: async () => ({ usage: toy.usage, memoryBytes: 1 }),
        welcome: (access, onSaid) => {
          if (access.kind === 'sealed') toy.sealedTold.push(access);
          listener = onSaid;
          listeners.add(onSaid);
        },
        tell: (access) => {
          if (access.kind === 'sealed') toy.sealedTold.push(access);
          else toy.told.push(access.authorizedKeys);
        },
        isAsking: () => toy.isAsking,
        pressPower: () => {
          toy.powerPresses += 1;
          if (this.guestsListen) end({ reason: 'guest-shutdown', detail: '' });
        },
        kill: async () => end({ reason: 'ended-by-host', detail: '' }),
        release: () => {
          if (listener !== null) listeners.delete(listener);
        },
      };
    };
    this.#handles.set(vmId, handle);
    return { toy, handle };
  }
}
