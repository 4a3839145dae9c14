import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newToken } from '../../../test/orchestrator/booted.ts';
import { networkKeyFile } from '../../../test/orchestrator/network-key.ts';
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
    HCC_READMODEL_DIR: '/x/readmodels',
    HCC_NATS_URL: 'nats://127.0.0.1:4222',
    HCC_NATS_SECRETS_DIR: '/x/nats',
    HCC_OPERATOR_TOKEN_FILE: file,
  };
};

describe('configuration', () => {
  it('given what must be given, then the rest is as documented and the token is kept as its digest only', () => {
    const token = newToken();
    const config = orchestratorConfig(environment(token.text));
    expect(config).toMatchObject({
      ...{ listenHost: '127.0.0.1', listenPort: 7070, networkName: 'local', logLevel: 'info', reconcile: false },
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
});
