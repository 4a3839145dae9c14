import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNatsOperator, createUserKey, issueServiceJwt, operatorConfig } from '#adapters/nats';
import { freePort } from '#host';
import { routesConfig } from '../../scripts/infra/make-secrets.ts';

export type NatsCluster = {
  readonly servers: readonly string[];
  /** Credentials of an orchestrator, new each time. */
  identity(): Promise<{ readonly jwt: string; readonly seed: string }>;
  /** Ends a node with SIGKILL. */
  kill(name: string): Promise<void>;
  start(name: string): void;
  /** Nodes that ended though nobody ended them, with their last words. */
  endedByThemselves(): readonly string[];
  close(): Promise<void>;
};

/** Three nodes on loopback with the production configuration, `infra/nats/nats.conf`. */
export const openNatsCluster = async (binary: string): Promise<NatsCluster> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-r3-'));
  const operator = await createNatsOperator();
  const names = ['nats-1', 'nats-2', 'nats-3'];
  const ports = await Promise.all([...names, ...names].map(() => freePort()));
  const clientPorts = ports.slice(0, 3);
  const routePorts = ports.slice(3);
  await cp('infra/nats', join(dir, 'nats'), { recursive: true });
  await mkdir(join(dir, 'secrets/nats'), { recursive: true });
  const routes = routePorts.map((port) => `127.0.0.1:${port}`);
  await writeFile(join(dir, 'secrets/nats/routes.conf'), routesConfig(routes, 'only-in-this-test'));
  await writeFile(join(dir, 'secrets/nats/operator.conf'), operatorConfig(operator).join('\n'));

  const running = new Map<string, ChildProcess>();
  const ended: string[] = [];
  const start = (name: string): void => {
    const index = names.indexOf(name);
    const env = {
      NATS_NAME: name,
      NATS_HOST: '127.0.0.1',
      NATS_PORT: String(clientPorts[index]),
      NATS_ROUTE_PORT: String(routePorts[index]),
      NATS_STORE: join(dir, name),
    };
    const child = spawn(binary, ['-c', join(dir, 'nats/nats.conf')], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2_000);
    });
    child.once('close', () => {
      if (running.get(name) === child) ended.push(`${name} ended by itself: ${said}`);
    });
    running.set(name, child);
  };
  const kill = async (name: string): Promise<void> => {
    const child = running.get(name);
    running.delete(name);
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  for (const name of names) start(name);
  return {
    servers: clientPorts.map((port) => `nats://127.0.0.1:${port}`),
    identity: async () => {
      const { publicKey, seed } = createUserKey();
      return {
        seed,
        jwt: await issueServiceJwt(operator, { role: 'orchestrator', userPublicKey: publicKey, expiresAt: null }),
      };
    },
    kill,
    start,
    endedByThemselves: () => ended,
    close: async () => {
      for (const name of names) await kill(name);
      await rm(dir, { recursive: true, force: true });
    },
  };
};
