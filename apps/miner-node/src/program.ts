import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { loadSimulatedProcessor } from '#adapters/processor';
import { type Lifecycle, nestLogger, type Part } from '#edge';
import { createAgent } from './agent.ts';
import {
  appModule,
  BACKUPS,
  CONNECT,
  type Connect,
  type Given,
  GUEST_DESK,
  type HostImages,
  HYPERVISOR,
  IMAGES,
  OPEN_IDENTITY,
  type OpenIdentity,
  REPORTER,
  SUPERVISOR,
} from './app.module.ts';
import { attestationOf } from './attest/open-attestation.ts';
import type { MinerConfig } from './config.ts';
import type { GuestDesk } from './guest/guest-desk.ts';
import { lockMinerDir } from './host/agent-lock.ts';
import { checkHost, checkNetwork, reportedChecks } from './host/check-host.ts';
import { createLookAgain, type LookAgainParts } from './host/look-again.ts';
import { limits } from './limits.ts';
import type { Backups } from './ports/backups.ts';
import type { Hypervisor } from './ports/hypervisor.ts';
import { createSecureProcessor } from './processor/secure-processor.ts';
import type { Reporter } from './reporter.ts';
import type { Supervisor } from './supervisor.ts';

/**
 * Starts the agent's parts in this order: its directory, the VMs that run already, the bus, reports, work. The lifecycle
 * stops them backwards: no new work first, then the VMs (when the host goes down) while there is still a bus to say so.
 */
export const startMinerNode = async (given: Given, lifecycle: Lifecycle): Promise<void> => {
  const { config, clock, log } = given;
  await lifecycle.open(
    'miner directory',
    () => lockMinerDir(config.minerDir),
    (unlock) => unlock(),
  );
  const app = await lifecycle.open(
    'app',
    () => createApp(given),
    (opened) => opened.close(),
  );
  const images = app.get<HostImages>(IMAGES);
  await lifecycle.start({ name: 'images', start: async () => void images.prune(), stop: () => images.stop() });
  const supervisor = app.get<Supervisor>(SUPERVISOR);
  const reporter = app.get<Reporter>(REPORTER);
  await lifecycle.start(vmsPart(supervisor, config), { stopMs: goodbyeMs });

  const stopping = new AbortController();
  await lifecycle.open(
    'patience',
    async () => stopping,
    async () => stopping.abort(),
  );
  const identity = await app.get<OpenIdentity>(OPEN_IDENTITY)(stopping.signal);
  const bus = await lifecycle.open(
    'bus',
    () => app.get<Connect>(CONNECT)(identity, stopping.signal),
    (opened) => opened.close(),
    { startMs: limits.connectMs },
  );
  const openSecureProcessor = createSecureProcessor({ config, bus: bus.attestation, load: loadSimulatedProcessor });
  const { attestation, guests } = bus;
  app.get<GuestDesk>(GUEST_DESK).connect({ attestation, guests, openSecureProcessor });
  await lifecycle.start({ name: 'reports', start: async () => reporter.start(bus), stop: () => reporter.stop() });
  await lifecycle.start(goodbyePart(supervisor, reporter, config), { stopMs: goodbyeMs });
  await lifecycle.start(createAgent({ bus, supervisor, backups: app.get<Backups>(BACKUPS), identity, clock, log }));
  await lifecycle.start(lookAgainOf(given, (check) => reporter.sayCheck(check)));
  const { accelerator } = await app.get<Hypervisor>(HYPERVISOR).accelerator();
  await lifecycle.start(
    attestationOf(given, {
      bus: attestation,
      accelerator,
      openSecureProcessor,
      tell: (check) => reporter.sayCheck(check),
    }),
  );
};

const goodbyeMs = limits.hostStopMs + limits.hostStopMarginMs + limits.flushMs;

const createApp = (given: Given): Promise<INestApplicationContext> =>
  NestFactory.createApplicationContext(appModule(given), {
    logger: nestLogger(given.log),
    // What fails is told by whoever runs the program, in one line.
    abortOnError: false,
  });

const lookAgainOf = ({ config, env, clock, log }: Given, tell: LookAgainParts['tell']): Part =>
  createLookAgain({
    lookAtNetwork: async () => reportedChecks(await checkNetwork(config, clock)),
    look: async () => reportedChecks(await checkHost(config, { clock, env })),
    ...{ tell, clock, log },
  });

/** The VMs of this host: taken over at the start, and left as they are at the end, unless the host goes down. */
const vmsPart = (supervisor: Supervisor, { onExit }: MinerConfig): Part => ({
  name: 'vms',
  start: () => supervisor.start(),
  stop: async () => {
    // Again here, for a stop that comes before there was a bus; VMs that are down already cost nothing.
    if (onExit === 'stop') await supervisor.stopForHost();
    await supervisor.release();
  },
});

/** The last words, while there is a bus to say them on. */
const goodbyePart = (supervisor: Supervisor, reporter: Reporter, { onExit }: MinerConfig): Part => ({
  name: 'goodbye',
  start: async () => undefined,
  stop: async () => {
    if (onExit === 'stop') await supervisor.stopForHost();
    await reporter.flush();
  },
});
