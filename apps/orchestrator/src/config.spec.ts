import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newToken } from '../../../test/orchestrator/booted.ts';
import { networkKeyFile } from '../../../test/orchestrator/network-key.ts';
import { sealingEnv } from '../../../test/orchestrator/sealing-env.ts';
import { orchestratorConfig } from './config.ts';

const environment = (token: string) => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-cfg-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'operator.token');
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return {
    HCC_LISTEN_PORT: '7070',
    HCC_STORE_FILE: '/x/hcc.sqlite',
    HCC_LOG_HEADS_FILE: '/x/log-heads.ndjson',
    HCC_NETWORK_KEY_FILE: networkKeyFile(),
    HCC_NETWORK_KIND: 'simulated',
    HCC_SIMULATED_ROOT_SHA256: '0'.repeat(64),
    HCC_READMODEL_DIR: '/x/readmodels',
    HCC_NATS_URL: 'nats://127.0.0.1:4222',
    HCC_NATS_SECRETS_DIR: '/x/nats',
    HCC_OPERATOR_TOKEN_FILE: file,
    ...sealingEnv(dir),
  };
};

describe('configuration', () => {
  it('given what must be given, then the rest is as documented and the token is kept as its digest only', () => {
    const token = newToken();
    const config = orchestratorConfig(environment(token.text));
    expect(config).toMatchObject({
      ...{ listenHost: '127.0.0.1', listenPort: 7070, logLevel: 'info', reconcile: false },
      network: { name: 'local', kind: 'simulated', simulatedRootSha256: '0'.repeat(64) },
      operatorToken: { tokenId: token.tokenId, sha256: token.sha256 },
    });
    expect(JSON.stringify(config)).not.toContain(token.text);
  });

  it('given a token file that holds something else, then it is refused without being repeated', () => {
    expect(() => orchestratorConfig(environment('hunter2'))).toThrow(/^the operator token in .* is not one; wanted/);
    expect(() => orchestratorConfig(environment('hunter2'))).not.toThrow(/hunter2/);
  });

  it('given an address of the bus with credentials in it, then it is refused: they would be seen in the environment', () => {
    const env = { ...environment(newToken().text), HCC_NATS_URL: 'nats://user:pass@host:4222' };
    expect(() => orchestratorConfig(env)).toThrow(/HCC_NATS_URL .* wanted nats:\/\/host:port, without credentials/);
  });

  it('given the variables of a cluster, then servers, replicas, Redis and the address of figures are read', () => {
    const base = environment(newToken().text);
    const password = `${base.HCC_OPERATOR_TOKEN_FILE}.redis`;
    writeFileSync(password, 'swordfish\n', { mode: 0o600 });
    const config = orchestratorConfig({
      ...base,
      HCC_NATS_URL: 'nats://a:4222,nats://b:4222,tls://c:4222',
      HCC_NATS_REPLICAS: '3',
      HCC_REDIS_URL: 'redis://redis:6379',
      HCC_REDIS_PASSWORD_FILE: password,
      HCC_METRICS_HOST: '0.0.0.0',
      HCC_METRICS_PORT: '9464',
    });
    expect(config).toMatchObject({
      natsServers: ['nats://a:4222', 'nats://b:4222', 'tls://c:4222'],
      natsReplicas: 3,
      redis: { url: 'redis://redis:6379', password: 'swordfish' },
      metricsAt: { host: '0.0.0.0', port: 9464 },
    });
    expect(orchestratorConfig(base)).toMatchObject({ natsReplicas: 1, redis: null, metricsAt: null });
  });

  it('given a password in the address of Redis, then it is refused without being repeated', () => {
    const env = { ...environment(newToken().text), HCC_REDIS_URL: 'redis://:swordfish@redis:6379' };
    expect(() => orchestratorConfig(env)).toThrow(
      /HCC_REDIS_URL is "redis:\/\/\[secret\]@redis:6379".*HCC_REDIS_PASSWORD_FILE/,
    );
    expect(() => orchestratorConfig(env)).not.toThrow(/swordfish/);
  });

  it.each([
    ['sqlite:/var/lib/hcc/hcc.sqlite', { kind: 'sqlite', file: '/var/lib/hcc/hcc.sqlite' }],
    ['kurrentdb://a:2113,b:2113?tls=false', { kind: 'kurrent', url: 'kurrentdb://a:2113,b:2113?tls=false' }],
    ['kurrentdb+discover://db.example', { kind: 'kurrent', url: 'kurrentdb+discover://db.example' }],
  ])('given the store %s, then that is where the record is kept; a path alone is a SQLite file', (address, store) => {
    const { HCC_STORE_FILE, ...rest } = environment(newToken().text);
    expect(orchestratorConfig({ ...rest, HCC_STORE: address })).toMatchObject({ store });
    expect(orchestratorConfig({ ...rest, HCC_STORE_FILE })).toMatchObject({
      store: { kind: 'sqlite', file: HCC_STORE_FILE },
    });
  });

  it.each([
    ['postgres://db:5432/hcc', /HCC_STORE is "postgres:\/\/db:5432\/hcc", wanted sqlite:<path>, or kurrentdb:\/\//],
    ['hcc.sqlite', /HCC_STORE is "hcc.sqlite", wanted sqlite:<path>/],
    ['sqlite:', /wanted sqlite:<path>/],
    [
      'kurrentdb://admin:swordfish@db:2113',
      /HCC_STORE is "kurrentdb:\/\/\[secret\]@db:2113".*HCC_STORE_CREDENTIALS_FILE/,
    ],
  ])('given the store %s, then it is refused by name with what is wanted', (address, said) => {
    const { HCC_STORE_FILE: _, ...rest } = environment(newToken().text);
    expect(() => orchestratorConfig({ ...rest, HCC_STORE: address })).toThrow(said);
    expect(() => orchestratorConfig({ ...rest, HCC_STORE: address })).not.toThrow(/swordfish/);
  });

  it('given no store, two, or credentials without a use for them, then each is refused', () => {
    const { HCC_STORE_FILE, ...rest } = environment(newToken().text);
    expect(() => orchestratorConfig(rest)).toThrow(/HCC_STORE is not set, wanted sqlite:<path>/);
    const both = { ...rest, HCC_STORE_FILE, HCC_STORE: 'sqlite:/x' };
    expect(() => orchestratorConfig(both)).toThrow(/HCC_STORE and HCC_STORE_FILE are both set/);
    const idle = { ...rest, HCC_STORE_FILE, HCC_STORE_CREDENTIALS_FILE: '/x' };
    expect(() => orchestratorConfig(idle)).toThrow(/a file of SQLite has no users/);
  });

  it('given credentials of the store in their file, then they go into its address, and nowhere where they are printed', () => {
    const base = environment(newToken().text);
    const { HCC_STORE_FILE: _, ...rest } = base;
    const file = `${base.HCC_OPERATOR_TOKEN_FILE}.store`;
    writeFileSync(file, 'admin:sword:f@sh\n', { mode: 0o600 });
    const env = { ...rest, HCC_STORE: 'kurrentdb://db:2113', HCC_STORE_CREDENTIALS_FILE: file };
    expect(orchestratorConfig(env)).toMatchObject({
      store: { kind: 'kurrent', url: 'kurrentdb://admin:sword%3Af%40sh@db:2113' },
    });
    expect(() => orchestratorConfig({ ...env, DEBUG: 'kdb:*' })).toThrow(/DEBUG is "kdb:\*", wanted nothing/);
    writeFileSync(file, 'swordfish\n', { mode: 0o600 });
    expect(() => orchestratorConfig(env)).toThrow(/wanted user:password/);
    expect(() => orchestratorConfig(env)).not.toThrow(/swordfish/);
  });

  it('given where evidence is and its key, then passports have it; given half of it, or no key, it is refused by name', () => {
    const base = environment(newToken().text);
    const file = `${base.HCC_OPERATOR_TOKEN_FILE}.evidence`;
    writeFileSync(file, `${'ab'.repeat(32)}\n`, { mode: 0o600 });
    const place = { HCC_EVIDENCE_DIR: '/x/evidence', HCC_EVIDENCE_KEY_FILE: file };
    expect(orchestratorConfig(base).passports).toEqual({ evidence: null, vekCacheDir: null });
    const { evidence } = orchestratorConfig({ ...base, ...place }).passports;
    expect(evidence).toEqual({ dir: '/x/evidence', key: Buffer.alloc(32, 0xab) });
    for (const half of [{ HCC_EVIDENCE_DIR: '/x' }, { HCC_EVIDENCE_KEY_FILE: file }]) {
      expect(() => orchestratorConfig({ ...base, ...half })).toThrow(
        /HCC_EVIDENCE_DIR and HCC_EVIDENCE_KEY_FILE: wanted both/,
      );
    }
    writeFileSync(file, 'swordfish\n', { mode: 0o600 });
    expect(() => orchestratorConfig({ ...base, ...place })).toThrow(/wanted both/);
    expect(() => orchestratorConfig({ ...base, ...place })).not.toThrow(/swordfish/);
  });

  it.each([
    ['a simulated network without its root', { HCC_SIMULATED_ROOT_SHA256: '' }, /not set on a simulated network/],
    ['a production network with a simulated root', { HCC_NETWORK_KIND: 'production' }, /on a production network/],
    ['a network of no kind', { HCC_NETWORK_KIND: '' }, /HCC_NETWORK_KIND is not set, wanted simulated or production/],
  ])('given %s, then it is refused by name', (_, change, saying) => {
    expect(() => orchestratorConfig({ ...environment(newToken().text), ...change })).toThrow(saying);
  });
});
