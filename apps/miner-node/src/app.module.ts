import { type DynamicModule, Module } from '@nestjs/common';
import { connectMinerBus } from '#adapters/nats';
import { type Log, version } from '#edge';
import type { Clock, HostReport, MinerBus } from '#events';
import type { Env } from '#host';
import type { MinerConfig } from './config.ts';
import { connectPatiently } from './connect.ts';
import { beginAgentLife } from './host/agent-life.ts';
import { capacityOf, readHostFacts } from './host/host-facts.ts';
import { type Identity, openIdentity } from './identity/identity.ts';
import type { Hypervisor } from './ports/hypervisor.ts';
import type { ImageCache } from './ports/image-cache.ts';
import { createCachedImages } from './qemu/cached-images.ts';
import { createQemuHypervisor } from './qemu/qemu-hypervisor.ts';
import { Reporter } from './reporter.ts';
import { Supervisor } from './supervisor.ts';
import { openVmDirs, type VmDirs } from './vm/vm-dir.ts';

export const VM_DIRS = Symbol('VM_DIRS');
export const HYPERVISOR = Symbol('HYPERVISOR');
export const IMAGES = Symbol('IMAGES');
export const HOST_REPORT = Symbol('HOST_REPORT');
export const REPORTER = Symbol('REPORTER');
export const SUPERVISOR = Symbol('SUPERVISOR');
export const OPEN_IDENTITY = Symbol('OPEN_IDENTITY');
export const CONNECT = Symbol('CONNECT');

/** Waits for the orchestrator, so it is called late: VMs that run are looked after first. */
export type OpenIdentity = (signal: AbortSignal) => Promise<Identity>;
export type Connect = (identity: Identity, signal: AbortSignal) => Promise<MinerBus>;

export type Given = {
  readonly config: MinerConfig;
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Log;
};

/** The address owners reach VMs at. QEMU forwards on the loopback only, until there is an overlay network. */
const sshHost = '127.0.0.1';

export class AppModule {}

// As a call: Node runs these sources as they are, types stripped, and knows no decorator syntax.
Module({})(AppModule);

/** The agent's parts, wired. Begins a new life of the agent: make it only while holding the directory's lock. */
export const appModule = ({ config, env, clock, log }: Given): DynamicModule => ({
  module: AppModule,
  providers: [
    { provide: VM_DIRS, useFactory: () => openVmDirs(config.minerDir, env) },
    { provide: HYPERVISOR, useFactory: () => createQemuHypervisor(config.minerDir, env) },
    { provide: IMAGES, useFactory: () => createCachedImages(config.cacheDir) },
    {
      provide: HOST_REPORT,
      useFactory: (dirs: VmDirs, hypervisor: Hypervisor) => describeHost(config, dirs, hypervisor, log),
      inject: [VM_DIRS, HYPERVISOR],
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
        dirs: VmDirs,
        reporter: Reporter,
        { hostBootId, agentEpoch }: HostReport,
      ) => {
        const here = { hostBootId, agentEpoch, sshHost };
        return new Supervisor({ hypervisor, images, dirs, reporter, clock, log, here });
      },
      inject: [HYPERVISOR, IMAGES, VM_DIRS, REPORTER, HOST_REPORT],
    },
    { provide: OPEN_IDENTITY, useValue: (signal: AbortSignal) => openIdentity({ config, clock, log, signal }) },
    { provide: CONNECT, useValue: connectTo(config, clock, log) },
  ],
});

const describeHost = async (
  config: MinerConfig,
  dirs: VmDirs,
  hypervisor: Hypervisor,
  log: Log,
): Promise<HostReport> => {
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
  // No processor here protects a guest from its host; a screen that shows this VM says so.
  return { agentEpoch, agentVersion: version, hostBootId, accelerator, platform: 'none', cpuModel, capacity };
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
