import { type DynamicModule, Module } from '@nestjs/common';
import { openBackupStore } from '#adapters/backup';
import { connectMinerBus } from '#adapters/nats';
import { type Log, version } from '#edge';
import type { AttesterBus, Clock, GuestBus, HostReport, MinerBus } from '#events';
import { type Checked, type Env, vmFiles } from '#host';
import { openBackups } from './backup/open-backups.ts';
import type { MinerConfig } from './config.ts';
import { connectPatiently } from './connect.ts';
import { createGuestDesk, type GuestDesk } from './guest/guest-desk.ts';
import { beginAgentLife } from './host/agent-life.ts';
import { checkHost, demandPlatform, reportedChecks } from './host/check-host.ts';
import { capacityOf, readHostFacts } from './host/host-facts.ts';
import { type Identity, openIdentity } from './identity/identity.ts';
import { createFetchedImages, type FetchedImages } from './images/fetched-images.ts';
import { createKeptImages, type KeptImages } from './images/kept-images.ts';
import type { Backups } from './ports/backups.ts';
import type { Hypervisor } from './ports/hypervisor.ts';
import type { ImageCache } from './ports/image-cache.ts';
import { createCachedImages } from './qemu/cached-images.ts';
import { createQemuHypervisor } from './qemu/qemu-hypervisor.ts';
import { Reporter } from './reporter.ts';
import { Supervisor } from './supervisor.ts';
import { openVmDirs, type VmDirs } from './vm/vm-dir.ts';

export const CHECKS = Symbol('CHECKS');
export const VM_DIRS = Symbol('VM_DIRS');
export const GUEST_DESK = Symbol('GUEST_DESK');
export const HYPERVISOR = Symbol('HYPERVISOR');
export const IMAGES = Symbol('IMAGES');
export const BACKUPS = Symbol('BACKUPS');
export const HOST_REPORT = Symbol('HOST_REPORT');
export const REPORTER = Symbol('REPORTER');
export const SUPERVISOR = Symbol('SUPERVISOR');
export const OPEN_IDENTITY = Symbol('OPEN_IDENTITY');
export const CONNECT = Symbol('CONNECT');

/** Waits for the orchestrator, so it is called late: VMs that run are looked after first. */
export type OpenIdentity = (signal: AbortSignal) => Promise<Identity>;
export type Connect = (identity: Identity, signal: AbortSignal) => Promise<AgentBus>;

/** What the agent talks on: its work, its attestation, and what its guests ask. */
export type AgentBus = MinerBus & { readonly attestation: AttesterBus; readonly guests: GuestBus };

export type Given = {
  readonly config: MinerConfig;
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Log;
};

/** The address owners reach VMs at. QEMU forwards on the loopback only, until there is an overlay network. */
const sshHost = '127.0.0.1';

/** Images that are fetched and pruned. */
export type HostImages = KeptImages & Pick<FetchedImages, 'stop'>;

export class AppModule {}

// As a call: Node runs these sources as they are, types stripped, and knows no decorator syntax.
Module({})(AppModule);

/** The agent's parts, wired. Begins a new life of the agent: make it only while holding the directory's lock. */
export const appModule = ({ config, env, clock, log }: Given): DynamicModule => ({
  module: AppModule,
  providers: [
    { provide: VM_DIRS, useFactory: () => openVmDirs(config.minerDir, env) },
    { provide: CHECKS, useFactory: () => runChecksAtStart({ config, env, clock, log }) },
    { provide: GUEST_DESK, useFactory: createGuestDesk },
    {
      provide: HYPERVISOR,
      useFactory: async (checks: readonly Checked[], desk: GuestDesk) => {
        demandPlatform(config.platform, checks);
        const snpFirmware = config.platform === 'sev-snp' ? config.snpFirmware : null;
        return createQemuHypervisor({ minerDir: config.minerDir, env, snpFirmware, desk, clock, log });
      },
      inject: [CHECKS, GUEST_DESK],
    },
    {
      provide: IMAGES,
      useFactory: (dirs: VmDirs) => imagesOf({ config, clock, log }, dirs),
      inject: [VM_DIRS],
    },
    { provide: BACKUPS, useFactory: () => backupsOf({ config, env, clock, log }) },
    {
      provide: HOST_REPORT,
      useFactory: (dirs: VmDirs, hypervisor: Hypervisor, checks: readonly Checked[]) =>
        describeHost(config, { dirs, hypervisor, checks, log }),
      inject: [VM_DIRS, HYPERVISOR, CHECKS],
    },
    {
      provide: REPORTER,
      useFactory: (host: HostReport) => new Reporter({ clock, log, host }),
      inject: [HOST_REPORT],
    },
    {
      provide: SUPERVISOR,
      useFactory: (
        hypervisor: Hypervisor,
        images: ImageCache,
        backups: Backups,
        dirs: VmDirs,
        reporter: Reporter,
        { hostBootId, agentEpoch }: HostReport,
      ) => {
        const here = { hostBootId, agentEpoch, sshHost };
        return new Supervisor({ hypervisor, images, backups, dirs, reporter, clock, log, here });
      },
      inject: [HYPERVISOR, IMAGES, BACKUPS, VM_DIRS, REPORTER, HOST_REPORT],
    },
    { provide: OPEN_IDENTITY, useValue: (signal: AbortSignal) => openIdentity({ config, clock, log, signal }) },
    { provide: CONNECT, useValue: connectTo(config, clock, log) },
  ],
});

/** The images of this host: fetched when it lacks them, and pruned at its start and when it has one more. */
const imagesOf = ({ config, clock, log }: Omit<Given, 'env'>, dirs: VmDirs): HostImages => {
  const { cacheDir, imageSources: from } = config;
  const cached = createCachedImages(cacheDir);
  const images = createFetchedImages({ cached, cacheDir, from, log, onFetched: () => void kept.prune() });
  const kept = createKeptImages({ images, dirs, place: config, clock, log });
  const stop = async (): Promise<void> => {
    await images.stop();
    await kept.idle();
  };
  return { ...kept, stop };
};

/** Where copies of this host's volumes go. A store that is named wrongly is said at the start, and not at the first backup. */
const backupsOf = async ({ config: { backups, minerDir }, env, clock, log }: Given): Promise<Backups> => {
  const store = backups === null ? null : await openBackupStore(backups);
  if (store !== null) log('info', 'backups go to', { store: store.name });
  return openBackups({ store, volumeOf: (vmId) => vmFiles({ stateDir: minerDir, vmId, env }).volume, clock, log });
};

const describeHost = async (
  config: MinerConfig,
  parts: {
    readonly dirs: VmDirs;
    readonly hypervisor: Hypervisor;
    readonly checks: readonly Checked[];
    readonly log: Log;
  },
): Promise<HostReport> => {
  const { dirs, hypervisor, log } = parts;
  const { accelerator, reason } = await hypervisor.accelerator();
  const facts = await readHostFacts(config.minerDir, dirs);
  const capacity = capacityOf(facts, config.offer);
  const { hostBootId, cpuModel } = facts;
  const agentEpoch = await beginAgentLife(config.minerDir, config.minerId);
  log('info', 'this host', { miner: config.name, agentEpoch, hostBootId, accelerator, reason, cpuModel, capacity });
  if (capacity.vcpus > facts.vcpus) {
    log('warn', 'more vCPUs are offered than there are: VMs share processors by time', {
      offered: capacity.vcpus,
      there: facts.vcpus,
    });
  }
  // What protects guests is what this host was told to be and proved at its start; `none` is said on every screen.
  const checks = reportedChecks(parts.checks);
  const { platform } = config;
  return { agentEpoch, agentVersion: version, hostBootId, accelerator, platform, cpuModel, capacity, checks };
};

/** Every start looks at the host first, and says in the log what is not as it should be. */
const runChecksAtStart = async ({ config, env, clock, log }: Given): Promise<readonly Checked[]> => {
  const checks = await checkHost(config, { clock, env });
  for (const { code, name, status, observed, wanted, fix } of checks) {
    if (status === 'FAIL') log('error', 'host check failed', { code, check: name, observed, wanted, fix });
    else if (status === 'WARN') log('warn', 'host check', { code, check: name, observed, wanted, fix });
  }
  return checks;
};

const connectTo =
  ({ minerId }: MinerConfig, clock: Clock, log: Log): Connect =>
  (identity, signal) =>
    connectPatiently({
      identity,
      connect: (servers, credentials) => connectMinerBus({ minerId, servers, credentials, clock, log }),
      clock,
      log,
      signal,
    });
