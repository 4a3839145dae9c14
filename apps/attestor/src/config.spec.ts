import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { attestorConfig } from './config.ts';

const pemOf = (type: 'ed25519' | 'x25519'): string =>
  (type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')).privateKey
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();

const environment = (over: Readonly<Record<string, string | undefined>> = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  return {
    ...{ HCC_STORE: `sqlite:${join(dir, 'log.sqlite')}`, HCC_NATS_URL: 'nats://127.0.0.1:4222' },
    ...{ HCC_NATS_SECRETS_DIR: dir, HCC_EVIDENCE_DIR: dir, HCC_VEK_CACHE_DIR: dir, HCC_FOLDS_DIR: dir },
    HCC_VERIFIER_KEY_FILE: file('verifier', `${randomBytes(32).toString('hex')}\n`),
    HCC_EVIDENCE_KEY_FILE: file('evidence', `${randomBytes(32).toString('hex')}\n`),
    HCC_RESULT_KEY_FILE: file('result', over.result ?? pemOf('ed25519')),
    ...(over.verifier === undefined ? {} : { HCC_VERIFIER_KEY_FILE: file('verifier', over.verifier) }),
    ...(over.unset === undefined ? {} : { [over.unset]: undefined }),
  };
};

test('given what it needs / then keys are read from their files, and what is left out has a meaning', () => {
  const config = attestorConfig(environment());
  expect(config).toMatchObject({ attestorId: 'attestor-1', simulatedRoot: null, tpmRootsDir: null, metricsAt: null });
  expect([config.verifierKey.length, config.evidenceKey.length, config.resultKey.asymmetricKeyType]).toEqual([
    ...[32, 32, 'ed25519'],
  ]);
});

test.each([
  ['a key that is too short', { verifier: 'ab' }, /verifier key in .*64 hex digits/],
  ['a result key of another kind', { result: pemOf('x25519') }, /result key in .* is x25519, wanted ed25519/],
  ['a result key that is none', { result: 'secret-text' }, /result key in .* no private key in PEM/],
  ['no store', { unset: 'HCC_STORE' }, /HCC_STORE/],
  ['no evidence directory', { unset: 'HCC_EVIDENCE_DIR' }, /HCC_EVIDENCE_DIR/],
])('given %s / then the start is refused by name, and nothing secret is said', (_, over, words) => {
  const start = (): unknown => attestorConfig(environment(over));
  expect(start).toThrow(words);
  expect(start).not.toThrow(/secret-text|PRIVATE KEY/);
});
