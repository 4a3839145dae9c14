import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connectMinerBus, createUserKey, ensureNatsOperator, type NatsServer, startNatsServer } from '#adapters/nats';
import { createSystemClock } from '#adapters/system';
import { findTool, freePort } from '#host';
import { type Json, newId, newToken } from '../../../test/orchestrator/booted.ts';
import { networkKeyFile } from '../../../test/orchestrator/network-key.ts';
import { sealingEnv } from '../../../test/orchestrator/sealing-env.ts';

// The built program as a process, on a real nats-server and a real file. `npm test` builds first.

const clock = createSystemClock();
const tool = await findTool('nats-server');
const binary = tool.kind === 'found' ? tool.path : null;

type Home = { readonly dir: string; readonly token: string; readonly env: Readonly<Record<string, string>> };

const newHome = async (natsUrl: string, secretsDir?: string): Promise<Home> => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-orc-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const token = newToken().text;
  writeFileSync(join(dir, 'operator.token'), `${token}\n`, { mode: 0o600 });
  if (secretsDir === undefined) await ensureNatsOperator(join(dir, 'nats-secrets'));
  const env = {
    HCC_LISTEN_PORT: '0',
    HCC_STORE_FILE: join(dir, 'hcc.sqlite'),
    HCC_LOG_HEADS_FILE: join(dir, 'log-heads.ndjson'),
    HCC_NETWORK_KEY_FILE: networkKeyFile(),
    HCC_NETWORK_KIND: 'simulated',
    HCC_SIMULATED_ROOT_SHA256: '0'.repeat(64),
    HCC_READMODEL_DIR: join(dir, 'readmodels'),
    HCC_NATS_URL: natsUrl,
    HCC_NATS_SECRETS_DIR: secretsDir ?? join(dir, 'nats-secrets'),
    HCC_OPERATOR_TOKEN_FILE: join(dir, 'operator.token'),
    ...sealingEnv(dir),
  };
  return { dir, token, env };
};

type Running = {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
  /** The address it listens on, once it says so. */
  readonly url: Promise<string>;
};

const start = (env: Readonly<Record<string, string>>): Running => {
  const child = spawn(process.execPath, ['dist/apps/orchestrator/src/main.js'], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stderr = '';
  const url = Promise.withResolvers<string>();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    const said = /"url":"(http:[^"]+)"[^\n]*"msg":"listening"/.exec(stderr)?.[1];
    if (said !== undefined) url.resolve(said);
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.on('close', (code) => {
      url.reject(new Error(`it ended with ${code}: ${stderr}`));
      resolve({ code, stderr });
    });
  });
  url.promise.catch(() => undefined);
  return { child, ended, url: url.promise };
};

/** What a person reads: the lines that are no JSON. */
const plain = (stderr: string): readonly string[] =>
  stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));

describe('a start that cannot succeed', () => {
  it('given bad configuration, then one line names every variable', async () => {
    const { code, stderr } = await start({ HCC_LISTEN_PORT: '99999' }).ended;
    expect(code).toBe(1);
    expect(plain(stderr)).toHaveLength(1);
    expect(stderr).toContain('HCC_LISTEN_PORT is "99999", wanted a TCP port, 0 to 65535');
    expect(stderr).toContain('HCC_STORE is not set, wanted sqlite:<path>, or kurrentdb://');
  });

  it('given no nats-server, then it waits a bounded time and one line names the address', async () => {
    const port = await freePort();
    const { env } = await newHome(`nats://127.0.0.1:${port}`);
    const { code, stderr } = await start(env).ended;
    expect(code).toBe(1);
    expect(plain(stderr)).toEqual([expect.stringContaining(`nats://127.0.0.1:${port}: no NATS server answered`)]);
  });

  it('given a corrupt store, then one line names the file, and it is left as it is', async () => {
    const { dir, env } = await newHome('nats://127.0.0.1:1');
    writeFileSync(join(dir, 'hcc.sqlite'), 'this is no database');
    const { code, stderr } = await start(env).ended;
    expect(code).toBe(1);
    expect(plain(stderr)).toEqual([expect.stringContaining(join(dir, 'hcc.sqlite'))]);
  });

  it('given the address of a KurrentDB that is not there, then one line names it, without its credentials', async () => {
    const { dir, env } = await newHome('nats://127.0.0.1:1');
    const { HCC_STORE_FILE: _, ...rest } = env;
    const credentials = join(dir, 'store.credentials');
    writeFileSync(credentials, 'admin:sw:rdf@sh\n', { mode: 0o600 });
    const at = `127.0.0.1:${await freePort()}`;
    const { code, stderr } = await start({
      ...rest,
      HCC_STORE: `kurrentdb://${at}?discoveryInterval=10`,
      HCC_STORE_CREDENTIALS_FILE: credentials,
    }).ended;
    expect(code).toBe(1);
    expect(plain(stderr)).toEqual([expect.stringContaining(`event store kurrentdb://${at}: `)]);
    expect(stderr).not.toMatch(/rdf/);
  });

  it('given an operator token that others may read, then one line says so without the token', async () => {
    const { dir, env, token } = await newHome('nats://127.0.0.1:1');
    writeFileSync(join(dir, 'open.token'), token, { mode: 0o644 });
    const { code, stderr } = await start({ ...env, HCC_OPERATOR_TOKEN_FILE: join(dir, 'open.token') }).ended;
    expect(code).toBe(1);
    expect(plain(stderr)).toEqual([expect.stringContaining('mode 644, wanted 600')]);
    expect(stderr).not.toContain(token);
  });
});

describe.skipIf(binary === null)('on a real nats-server (needs nats-server 2.10 or newer)', () => {
  let server: NatsServer;
  let secretsDir: string;
  let natsDir: string;
  beforeAll(async () => {
    natsDir = mkdtempSync(join(tmpdir(), 'hcc-orn-'));
    secretsDir = join(natsDir, 'secrets');
    const operator = await ensureNatsOperator(secretsDir);
    server = await startNatsServer({ binary: binary ?? '', dir: join(natsDir, 'server'), operator, clock });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(natsDir, { recursive: true, force: true });
  });

  it('given a port in use, then one line names the port and the fix', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const { env } = await newHome(server.url, secretsDir);
    const { code, stderr } = await start({ ...env, HCC_LISTEN_PORT: `${port}` }).ended;
    expect(code).toBe(1);
    expect(plain(stderr)).toEqual([
      expect.stringMatching(`cannot listen on 127.0.0.1 port ${port}: .*set HCC_LISTEN_PORT to a free port`),
    ]);
  });

  it('given a good start, then it becomes ready, keeps what it accepted through kill -9, and SIGTERM is an orderly end', async () => {
    const { env, token } = await newHome(server.url, secretsDir);
    const accountId = newId();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const first = start(env);
    const url = await first.url;
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
    const body = JSON.stringify({ accountId, name: 'Ann' });
    expect((await fetch(`${url}/v1/accounts`, { method: 'POST', headers, body })).status).toBe(202);
    first.child.kill('SIGKILL');
    await first.ended;

    const second = start(env);
    const again = await second.url;
    await expect.poll(async () => (await fetch(`${again}/readyz`)).status, { timeout: 15_000 }).toBe(200);
    expect(await (await fetch(`${again}/v1/accounts/${accountId}`, { headers })).json()).toMatchObject({ name: 'Ann' });
    second.child.kill('SIGTERM');
    const { code, stderr } = await second.ended;
    expect({ code, plain: plain(stderr) }).toEqual({ code: 0, plain: [] });
    expect(stderr).not.toContain(token);
  });

  it('given a miner that enrols over HTTP, then its credentials open the bus, its facts are shown and it can renew', async () => {
    const { env, token } = await newHome(server.url, secretsDir);
    const url = await start(env).url;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const minerId = newId();
    const join = newToken();
    const invitation = { minerId, name: 'm1', joinTokenSha256: join.sha256, expiresAt: '2999-01-01T00:00:00.000Z' };
    await fetch(`${url}/v1/miners`, { method: 'POST', headers, body: JSON.stringify(invitation) });
    const { publicKey, seed } = createUserKey();
    const enrolled = await fetch(`${url}/v1/miners/${minerId}/enrolment`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${join.text.slice(41)}` },
      body: JSON.stringify({ natsPublicKey: publicKey }),
    });
    const { jwt, servers } = JSON.parse(await enrolled.text());
    expect(servers).toEqual([server.url]);
    const bus = await connectMinerBus({
      ...{ minerId, servers, clock, log: () => undefined },
      credentials: () => ({ jwt, seed }),
    });
    onTestFinished(() => bus.close());
    await bus.reportHost({
      ...{ agentEpoch: 1, agentVersion: '0.1.0', hostBootId: 'b', accelerator: 'tcg', platform: 'none', cpuModel: 'x' },
      capacity: { vcpus: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 30 },
    });
    const shown = async (): Promise<Json> => (await fetch(`${url}/v1/miners/${minerId}`, { headers })).json();
    await expect.poll(shown, { timeout: 10_000 }).toMatchObject({ status: 'attached', accelerator: 'tcg' });
    const renewed = JSON.parse(await bus.renew());
    expect(Object.keys(renewed)).toEqual(['jwt', 'expiresAt', 'servers']);
    bus.beat();
    await expect.poll(async () => (await shown()).lastSeenAt, { timeout: 10_000 }).not.toBeNull();
  });
});
