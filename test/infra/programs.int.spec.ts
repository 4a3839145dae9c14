import { spawn } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createRandomIds } from '#adapters/system';
import { createMetrics } from '#edge';
import { findTool, freePort, run, type ToolName } from '#host';
import { attestorConfig } from '../../apps/attestor/src/config.ts';
import { orchestratorConfig } from '../../apps/orchestrator/src/config.ts';
import { makeSecrets } from '../../scripts/infra/make-secrets.ts';
import { until } from '../conformance/until.ts';
import { readCompose } from './compose.ts';

// Each configuration file is read by the program that it is for. What does not install here is said in docs/limitations.md.

const toolOf = async (name: ToolName): Promise<string | null> => {
  const found = await findTool(name);
  return found.kind === 'found' ? found.path : null;
};
const nats = await toolOf('nats-server');
const redis = await toolOf('redis-server');
const promtool = await toolOf('promtool');
const compose = await toolOf('docker-compose');

let infra = '';
beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-infra-'));
  infra = join(dir, 'infra');
  await cp('infra', infra, { recursive: true, filter: (path) => !path.includes('secrets') });
  await makeSecrets(join(infra, 'secrets'), createRandomIds());
  return () => rm(dir, { recursive: true, force: true });
});

describe('the secrets of the cluster', () => {
  test('given a directory / when they are made twice / then what the compose file names is there, once and for good', async () => {
    const files = Object.values(readCompose().secrets).map(({ file }) => join(infra, file));
    const before = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const made = await makeSecrets(join(infra, 'secrets'), createRandomIds());
    expect(made.filter(({ isNew }) => isNew).map(({ path }) => path)).toEqual([
      join(infra, 'secrets/nats/operator.conf'),
    ]);
    expect(await Promise.all(files.map((file) => readFile(file, 'utf8')))).toEqual(before);
    expect((await stat(join(infra, 'secrets'))).mode & 0o777).toBe(0o700);
  });

  test('given the variables of the compose file / when the orchestrator reads them / then it takes them', () => {
    const given = readCompose().services['orchestrator-1']?.environment ?? {};
    const environment = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace('/run/secrets', join(infra, 'secrets'))]),
    );
    expect(orchestratorConfig(environment)).toMatchObject({
      natsServers: ['nats://nats-1:4222', 'nats://nats-2:4222', 'nats://nats-3:4222'],
      natsReplicas: 3,
      store: { kind: 'kurrent' },
      redis: { url: 'redis://redis:6379', password: expect.stringMatching(/^[\w-]{43}$/) },
      metricsAt: { host: '0.0.0.0', port: 9464 },
    });
  });

  test('given the variables of the compose file / when the attestor reads them / then it takes them, and the orchestrators its results', () => {
    const given = readCompose().services['attestor-2']?.environment ?? {};
    const environment = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace('/run/secrets', join(infra, 'secrets'))]),
    );
    const { resultKey, ...config } = attestorConfig(environment);
    expect(config).toMatchObject({ attestorId: 'attestor-2', store: { kind: 'kurrent' }, simulatedRoot: null });
    const published = createPublicKey(readFileSync(join(infra, 'secrets/result.pub')));
    expect(createPublicKey(resultKey).equals(published)).toBe(true);
  });

  test('given the certificates of the store / when openssl reads them / then each node has its name in them', async () => {
    const [ca, node] = [join(infra, 'secrets/store-ca/ca.crt'), join(infra, 'secrets/store-node.crt')];
    expect((await run('openssl', ['verify', '-CAfile', ca, node])).stdout).toMatch(/: OK/);
    const { stdout } = await run('openssl', ['x509', '-in', node, '-noout', '-ext', 'subjectAltName']);
    for (const name of ['kurrent-1', 'kurrent-2', 'kurrent-3']) expect(stdout).toContain(`DNS:${name}`);
  });
});

describe('the configuration, read by its programs', () => {
  test('docker compose takes the compose file', async (context) => {
    if (compose === null) return context.skip('docker-compose is not there: run npm test, which gets it');
    const { stdout } = await run(compose, ['-f', join(infra, 'docker-compose.yml'), 'config', '--format', 'json']);
    const read = JSON.parse(stdout);
    expect(Object.keys(read.services)).toHaveLength(13);
    expect(read.services['orchestrator-2'].environment.HCC_NATS_REPLICAS).toBe('3');
  });

  test('nats-server takes its configuration', async (context) => {
    if (nats === null) return context.skip('nats-server is not there: run npm test, which gets it');
    const env = {
      NATS_NAME: 'nats-1',
      NATS_HOST: '0.0.0.0',
      NATS_PORT: '4222',
      NATS_STORE: '/data',
      NATS_ROUTE_PORT: '6222',
    };
    const { stdout, stderr } = await run(nats, ['-t', '-c', join(infra, 'nats/nats.conf')], { env });
    expect(stdout + stderr).toMatch(/is valid/);
  });

  test('redis-server starts with its configuration, and its password is needed', async (context) => {
    if (redis === null) return context.skip('redis-server is not there: run npm test, which gets it');
    const [dir, port] = [join(infra, 'redis-data'), await freePort()];
    await mkdir(dir);
    const file = join(infra, 'redis/redis.conf');
    const config = await readFile(file, 'utf8');
    // In the container the include is a secret's mount, and it listens for the network of containers.
    await writeFile(
      file,
      config
        .replace('/run/secrets', join(infra, 'secrets'))
        .replace('bind * -::*', 'bind 127.0.0.1')
        .replace('/data', dir),
    );
    const server = spawn(redis, [file, '--port', String(port)], { stdio: 'ignore' });
    onTestFinished(() => void server.kill('SIGKILL'));
    const client = new Redis({
      port,
      password: (await readFile(join(infra, 'secrets/redis-password'), 'utf8')).trim(),
    });
    onTestFinished(() => client.disconnect());
    client.on('error', () => undefined);
    await until('it answers', () => client.ping().then((said) => said === 'PONG'));
    expect(await client.config('GET', 'maxmemory-policy')).toContain('noeviction');
    expect(await client.info('persistence')).toContain('aof_enabled:1');
    const stranger = new Redis({ port, enableReadyCheck: false });
    stranger.on('error', () => undefined);
    onTestFinished(() => stranger.disconnect());
    await expect(stranger.ping()).rejects.toThrow(/NOAUTH/);
  });

  test('promtool takes the configuration, the alerts and their tests, and the figures that we give', async (context) => {
    if (promtool === null) return context.skip('promtool is not there: run npm test, which gets it');
    const inDir = (name: string): string => join(infra, 'prometheus', name);
    expect((await run(promtool, ['check', 'config', inDir('prometheus.yml')])).stdout).toContain('SUCCESS');
    const tested = await run(promtool, ['test', 'rules', inDir('alerts.test.yml')], { cwd: join(infra, 'prometheus') });
    expect(tested.stdout).toContain('SUCCESS');
    const metrics = createMetrics();
    metrics.count('hcc_placements_total', { outcome: 'failed', reason: 'no-miners' });
    metrics.observe('hcc_http_request_seconds', { method: 'GET', route: '/v1/vms/:vmId', status: '2xx' }, 0.01);
    metrics.gauge('hcc_vms', () => [{ labels: { state: 'running' }, value: 3 }]);
    expect(await complaintsOf(promtool, await metrics.text())).toEqual([]);
  });
});

/** What promtool has to say of our own figures: of its rules for names and units as well as of the format. */
const complaintsOf = async (program: string, text: string): Promise<readonly string[]> => {
  const child = spawn(program, ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
  }
  child.stdin.end(text);
  await new Promise((resolve) => child.once('close', resolve));
  return said.split('\n').filter((line) => /^hcc_|error/i.test(line));
};
