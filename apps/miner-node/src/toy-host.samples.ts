import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createManualClock, type ManualClock } from '#adapters/memory';
import type { BootId, DesiredSpec, VmId } from '#domain';
import type { HostReport, VmReport } from '#events';
import { spec } from './converge/converge.samples.ts';
import type { QemuExit } from './converge/index.ts';
import type { GuestSaid, Hypervisor, Machine, Started } from './ports/hypervisor.ts';
import type { BootImage } from './ports/image-cache.ts';
import { Reporter } from './reporter.ts';
import { Supervisor } from './supervisor.ts';
import { openVmDirs } from './vm/vm-dir.ts';

// A host for specs: real records on a real disk, and machines that live in this object, so that they outlive an agent.

export type ToyMachine = {
  readonly pid: number;
  readonly vmId: string;
  readonly bootId: BootId | null;
  powerPresses: number;
  say(said: GuestSaid): void;
  end(exit: QemuExit): void;
};

export class ToyHypervisor implements Hypervisor {
  readonly running = new Map<string, ToyMachine>();
  readonly starts: string[] = [];
  readonly disks = new Map<string, number>();
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

  async createDisk(vmId: string, _image: BootImage, diskBytes: number): Promise<void> {
    this.disks.set(vmId, diskBytes);
  }

  async start({ spec: wanted }: { readonly spec: DesiredSpec }): Promise<Started> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return refusal;
    const bootId = wanted.boot?.bootId ?? null;
    this.starts.push(bootId ?? 'none');
    this.#pid += 1;
    const machine = this.#machine(wanted.vmId, bootId, this.#pid);
    this.running.set(wanted.vmId, machine.toy);
    return { kind: 'running', machine: machine.handle() };
  }

  async adopt(vmId: string): Promise<Machine | null> {
    return this.#handles.get(vmId)?.() ?? null;
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
        welcome: (_access, onSaid) => {
          listener = onSaid;
          listeners.add(onSaid);
        },
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

const image: BootImage = { kernelPath: '/k', initrdPath: '/i', rootfsPath: '/r', cmdline: 'quiet' };

/** A miner's host with an agent that can be ended and started again. */
export class ToyHost {
  readonly hypervisor = new ToyHypervisor();
  readonly clock: ManualClock = createManualClock(1_000_000);
  readonly reports: VmReport[] = [];
  readonly hostReports: HostReport[] = [];
  readonly logged: string[] = [];
  readonly minerDir: string;
  hostBootId = 'kernel-1';
  /** Why the image cannot be used; null when it can. */
  imageFault: Error | null = null;
  busIsAway = false;
  #agentEpoch = 0;
  #agent: { readonly supervisor: Supervisor; readonly reporter: Reporter } | null = null;

  constructor(minerDir: string) {
    this.minerDir = minerDir;
  }

  static async create(): Promise<ToyHost> {
    return new ToyHost(await mkdtemp(join(tmpdir(), 'hcc-toy-')));
  }

  get agent() {
    if (this.#agent === null) throw new Error('no agent runs');
    return this.#agent;
  }

  /** A new life of the agent. */
  async startAgent(): Promise<void> {
    this.#agentEpoch += 1;
    const host: HostReport = {
      agentEpoch: this.#agentEpoch,
      agentVersion: '0.1.0',
      hostBootId: this.hostBootId,
      accelerator: 'tcg',
      platform: 'none',
      cpuModel: 'toy',
      capacity: { vcpus: 2, memoryBytes: 1, diskBytes: 1 },
    };
    const open = async () => {
      if (this.imageFault !== null) throw this.imageFault;
      return image;
    };
    const take = async () => {
      if (this.busIsAway) throw new Error('the bus is away');
    };
    const log = (level: string, message: string) => this.logged.push(`${level}: ${message}`);
    const reporter = new Reporter({ clock: this.clock, log, host });
    const supervisor = new Supervisor({
      hypervisor: this.hypervisor,
      images: { open, verify: open },
      dirs: openVmDirs(this.minerDir, {}),
      reporter,
      clock: this.clock,
      log,
      here: { hostBootId: this.hostBootId, agentEpoch: this.#agentEpoch, sshHost: '127.0.0.1' },
    });
    this.#agent = { supervisor, reporter };
    await supervisor.start();
    reporter.start({
      report: async (report) => {
        await take();
        this.reports.push(report);
      },
      reportHost: async (report) => {
        await take();
        this.hostReports.push(report);
      },
    });
  }

  /** The agent ends and leaves everything as it is. */
  async endAgent(): Promise<void> {
    await this.agent.supervisor.release();
    await this.agent.reporter.stop();
    this.#agent = null;
  }

  /** Every process is gone, the kernel is a new one, nobody said why. */
  async reboot(): Promise<void> {
    await this.endAgent();
    this.hostBootId = `${this.hostBootId}+`;
    for (const machine of [...this.hypervisor.running.values()]) machine.end({ reason: 'unknown', detail: '' });
  }

  take(change: Partial<DesiredSpec>): Promise<unknown> {
    return this.agent.supervisor.take(spec(change));
  }

  /** What was said last of a VM. */
  last(vmId: VmId): VmReport | undefined {
    return this.reports.findLast((report) => report.vmId === vmId);
  }

  machine(vmId: VmId): ToyMachine {
    const machine = this.hypervisor.running.get(vmId);
    if (machine === undefined) throw new Error(`VM ${vmId} does not run`);
    return machine;
  }

  /** Lets real time pass until something is so: records are written to a real disk. Moves the toy clock by `stepMs` each turn. */
  async until(what: string, isSo: () => boolean, stepMs = 0): Promise<void> {
    const deadline = AbortSignal.timeout(5_000);
    while (!isSo()) {
      if (deadline.aborted) throw new Error(`not so after 5 s: ${what}; logged: ${this.logged.slice(-5).join(' | ')}`);
      await this.clock.advance(stepMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
