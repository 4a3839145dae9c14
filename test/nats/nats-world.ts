import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import {
  type BusStatus,
  connectMinerBus,
  connectOrchestratorBus,
  connectVerifierBus,
  createNatsOperator,
  createUserKey,
  issueMinerJwt,
  issueServiceJwt,
  type NatsMinerBus,
  type NatsOperator,
  type NatsOrchestratorBus,
  type NatsServer,
  startNatsServer,
} from '#adapters/nats';
import { createSystemClock } from '#adapters/system';
import type { VerifierBus } from '#events';
import { findTool, hccDirs } from '#host';

/** The nats-server of this machine, or `null`: specs that need it say so and are skipped by name. */
export const natsBinary = async (): Promise<string | null> => {
  const found = await findTool('nats-server', { cacheDir: hccDirs(process.env, process.cwd()).cacheDir });
  return found.kind === 'found' ? found.path : null;
};

export type Identity = { readonly jwt: string; readonly seed: string };

/** A real server in operator mode with an orchestrator on it, in a directory of its own. */
export type NatsWorld = {
  readonly operator: NatsOperator;
  readonly orchestrator: NatsOrchestratorBus;
  /** Whatever any connection was told, in order. */
  readonly statuses: readonly BusStatus[];
  server(): NatsServer;
  /** Another orchestrator's bus, as after a start of its process. */
  connectOrchestrator(): Promise<NatsOrchestratorBus>;
  miner(minerId: string): Promise<NatsMinerBus>;
  /** An attestor's side, with credentials of its own. */
  attestor(): Promise<VerifierBus>;
  minerIdentity(minerId: string, expiresAt?: number): Promise<Identity>;
  serviceIdentity(role: 'orchestrator' | 'attestor' | 'observer'): Promise<Identity>;
  /** A bare connection, for what our own buses would never send. */
  raw(identity: Identity | null, inboxPrefix?: string): Promise<NatsConnection>;
  /** Ends the server with SIGKILL and starts it again on the same port and store. */
  crash(options?: { readonly loseStore?: boolean }): Promise<void>;
  close(): Promise<void>;
};

const clock = createSystemClock();
const hourMs = 3_600_000;

export const openNatsWorld = async (binary: string): Promise<NatsWorld> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-nats-'));
  const operator = await createNatsOperator();
  const start = (port?: number): Promise<NatsServer> =>
    startNatsServer({ binary, dir, operator, clock, ...(port === undefined ? {} : { port }) });
  let server = await start();
  const statuses: BusStatus[] = [];
  const closing: (() => Promise<void>)[] = [];

  const options = (identity: Identity) => ({
    servers: [server.url],
    credentials: () => identity,
    clock,
    log: () => undefined,
    onStatus: (status: BusStatus) => statuses.push(status),
  });
  const minerIdentity = async (minerId: string, expiresAt = clock.now() + hourMs): Promise<Identity> => {
    const { publicKey, seed } = createUserKey();
    return { seed, jwt: await issueMinerJwt(operator, { minerId, userPublicKey: publicKey, expiresAt }) };
  };
  const serviceIdentity = async (role: 'orchestrator' | 'attestor' | 'observer'): Promise<Identity> => {
    const { publicKey, seed } = createUserKey();
    return { seed, jwt: await issueServiceJwt(operator, { role, userPublicKey: publicKey, expiresAt: null }) };
  };
  const connectOrchestrator = async (): Promise<NatsOrchestratorBus> => {
    const bus = await connectOrchestratorBus(options(await serviceIdentity('orchestrator')));
    closing.push(bus.close);
    return bus;
  };

  return {
    operator,
    orchestrator: await connectOrchestrator(),
    statuses,
    server: () => server,
    connectOrchestrator,
    minerIdentity,
    serviceIdentity,
    miner: async (minerId) => {
      const bus = await connectMinerBus({ ...options(await minerIdentity(minerId)), minerId });
      closing.push(bus.close);
      return bus;
    },
    attestor: async () => {
      const bus = await connectVerifierBus(options(await serviceIdentity('attestor')));
      closing.push(bus.close);
      return bus;
    },
    raw: async (identity, inboxPrefix) => {
      const connection = await connect({
        servers: server.url,
        reconnect: false,
        ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
        ...(identity === null
          ? {}
          : { authenticator: jwtAuthenticator(identity.jwt, new TextEncoder().encode(identity.seed)) }),
      });
      closing.push(() => connection.close());
      return connection;
    },
    crash: async ({ loseStore = false } = {}) => {
      const { port } = server;
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
      if (loseStore) await rm(join(dir, 'jetstream'), { recursive: true, force: true });
      server = await start(port);
    },
    close: async () => {
      for (const close of closing.reverse()) await close();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
