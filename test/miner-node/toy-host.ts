import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openBackupDirectory } from '#adapters/backup';
import { createManualClock, type ManualClock } from '#adapters/memory';
import type { DesiredSpec, VmId } from '#domain';
import type { HostReport, VmReport } from '#events';
import { vmFiles } from '#host';
import { openBackups } from '../../apps/miner-node/src/backup/open-backups.ts';
import type { BootImage } from '../../apps/miner-node/src/ports/image-cache.ts';
import { Reporter } from '../../apps/miner-node/src/reporter.ts';
import { Supervisor } from '../../apps/miner-node/src/supervisor.ts';
import { openVmDirs } from '../../apps/miner-node/src/vm/vm-dir.ts';
import { bootNumber, spec, vmId } from './converge-samples.ts';
import { ToyHypervisor, type ToyMachine } from './toy-hypervisor.ts';

// A host for specs: real records on a real disk, and machines that live in this object, so that they outlive an agent.

const image: BootImage = { kernelPath: '/k', initrdPath: '/i', rootfsPath: '/r', cmdline: 'quiet', treePath: '/t' };

/** A miner's host with an agent that can be ended and started again. */
export class ToyHost {
  readonly hypervisor = new ToyHypervisor();
  readonly clock: ManualClock = createManualClock(1_000_000);
  readonly reports: VmReport[] = [];
  readonly hostReports: HostReport[] = [];
  readonly logged: string[] = [];
  readonly minerDir: string;
  /** Where its backups go; another host may have the same. */
  storeDir: string;
  hostBootId = 'kernel-1';
  /** Why the image cannot be used; null when it can. */
  imageFault: Error | null = null;
  /** The same of the boot image of sealed VMs. */
  bootFault: Error | null = null;
  busIsAway = false;
  /** Whether the next life of the agent has somewhere to put backups. */
  hasStore = true;
  #agentEpoch = 0;
  #agent: { readonly supervisor: Supervisor; readonly reporter: Reporter } | null = null;

  constructor(minerDir: string) {
    this.minerDir = minerDir;
    this.storeDir = join(minerDir, 'store');
  }

  static async create(): Promise<ToyHost> {
    return new ToyHost(await mkdtemp(join(tmpdir(), 'hcc-toy-')));
  }

  get agent() {
    if (this.#agent === null) throw new Error('no agent runs');
    return this.#agent;
  }

  /** Where the volume of a VM is, which no machine of this host makes. */
  volumeOf(vmId: string): string {
    return vmFiles({ stateDir: this.minerDir, vmId, env: {} }).volume;
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
    const openBoot = async () => {
      if (this.bootFault !== null) throw this.bootFault;
      return { kernelPath: '/b/k', initrdPath: '/b/i' };
    };
    const take = async () => {
      if (this.busIsAway) throw new Error('the bus is away');
    };
    const log = (level: string, message: string) => this.logged.push(`${level}: ${message}`);
    const reporter = new Reporter({ clock: this.clock, log, host });
    const supervisor = new Supervisor({
      hypervisor: this.hypervisor,
      images: { open, verify: open, openBoot },
      backups: openBackups({
        store: this.hasStore ? openBackupDirectory(this.storeDir) : null,
        volumeOf: (vmId) => this.volumeOf(vmId),
        clock: this.clock,
        log,
      }),
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

export const sshHostKey = 'ssh-ed25519 AAAAguest';

/** A host whose agent runs; gone with the test. */
export const newHost = async (): Promise<ToyHost> => {
  const host = await ToyHost.create();
  onTestFinished(async () => {
    await host.endAgent().catch(() => undefined);
    await rm(host.minerDir, { recursive: true, force: true });
  });
  await host.startAgent();
  return host;
};

/** The phase that was reported last. */
export const phase = (host: ToyHost) => host.last(vmId)?.observation.phase;

/** A host on which the VM runs its first boot, its guest ready. */
export const runningHost = async (): Promise<ToyHost> => {
  const host = await newHost();
  await host.take({ boot: bootNumber(1) });
  await host.until('QEMU runs', () => host.hypervisor.running.has(vmId));
  host.machine(vmId).say({ kind: 'ready', sshHostKey });
  await host.until('reported running', () => phase(host) === 'running');
  return host;
};
