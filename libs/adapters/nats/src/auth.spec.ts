import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { decode, type User } from '@nats-io/jwt';
import { createAccount } from '@nats-io/nkeys';
import { expect, onTestFinished, test } from 'vitest';
import {
  createNatsOperator,
  createUserKey,
  ensureNatsOperator,
  issueMinerJwt,
  issueServiceJwt,
  loadNatsOperator,
  parseUserPublicKey,
  saveNatsOperator,
  userKeyOf,
} from '#adapters/nats';

const seedPattern = /S[OAU][A-Z2-7]{56}/;

const freshDir = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-keys-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'secrets');
};

test("a miner's credentials allow exactly its own subjects, until they expire", async () => {
  const operator = await createNatsOperator();
  const [minerId, { publicKey }] = [randomUUID(), createUserKey()];
  const expiresAt = Date.parse('2026-11-21T10:00:00.900Z');
  const claims = decode<User>(await issueMinerJwt(operator, { minerId, userPublicKey: publicKey, expiresAt }));
  expect(claims.sub).toBe(publicKey);
  expect(claims.exp).toBe(Date.parse('2026-11-21T10:00:00Z') / 1_000);
  expect(claims.nats.issuer_account).toBe(operator.miners.publicKey);
  expect(claims.nats.pub).toEqual({
    allow: [
      `report.${minerId}.*`,
      `host.${minerId}`,
      `beat.${minerId}`,
      `ask.${minerId}.sync`,
      `ask.${minerId}.renew`,
      `ask.${minerId}.drain`,
      `attest.${minerId}.*`,
      `guest.${minerId}.*`,
      `$JS.ACK.WORK.miner_${minerId}.>`,
    ],
  });
  expect(claims.nats.sub).toEqual({
    allow: [`spec.${minerId}`, `due.${minerId}`, `call.${minerId}.*`, `_INBOX_${minerId}.>`],
  });
  expect(claims.nats.resp).toMatchObject({ max: 1 });
});

test('a miner id that is no UUID gets no credentials: it would be a piece of a subject', async () => {
  const operator = await createNatsOperator();
  const { publicKey } = createUserKey();
  for (const minerId of ['', '*', '>', 'a.b', 'A'.repeat(36), `${randomUUID()}.x`]) {
    const issuing = issueMinerJwt(operator, { minerId, userPublicKey: publicKey, expiresAt: 1_000 });
    await expect(issuing).rejects.toMatchObject({ code: 'not-a-miner-id' });
  }
});

test('only a user public key is one; a seed given by mistake is not repeated in the refusal', () => {
  const { publicKey, seed } = createUserKey();
  expect(parseUserPublicKey(publicKey)).toBe(publicKey);
  const wrong = [
    '',
    'U',
    seed,
    createAccount().getPublicKey(),
    publicKey.toLowerCase(),
    `${publicKey} `,
    `${publicKey.slice(0, -1)}${publicKey.endsWith('A') ? 'B' : 'A'}`,
  ];
  for (const text of wrong) expect(() => parseUserPublicKey(text)).toThrow(/not a NATS user public key/);
  expect(() => parseUserPublicKey(seed)).not.toThrow(seed);
});

test('a kept seed gives its key again; what is no seed of a user gives none', () => {
  const key = createUserKey();
  expect(userKeyOf(key.seed)).toEqual(key);
  const account = new TextDecoder().decode(createAccount().getSeed());
  for (const text of ['', 'SU', key.publicKey, account, `${key.seed} `, `${key.seed.slice(0, -2)}`]) {
    expect(userKeyOf(text), text.slice(0, 2)).toBeNull();
  }
});

test('an observer may send nothing; the orchestrator lives in the account with JetStream', async () => {
  const operator = await createNatsOperator();
  const issue = async (role: 'orchestrator' | 'observer') =>
    decode<User>(await issueServiceJwt(operator, { role, userPublicKey: createUserKey().publicKey, expiresAt: null }));
  const observer = await issue('observer');
  expect(observer.nats.pub).toEqual({ deny: ['>'] });
  expect(observer.nats.sub).toEqual({ allow: ['events.>'] });
  const orchestrator = await issue('orchestrator');
  expect(orchestrator.exp).toBeUndefined();
  expect(orchestrator.nats.issuer_account).toBe(operator.hcc.publicKey);
});

test('an operator saved is the same when loaded, in one file only its owner may read', async () => {
  const dir = await freshDir();
  expect(await loadNatsOperator(dir)).toBeNull();
  const made = await ensureNatsOperator(dir);
  const loaded = await ensureNatsOperator(dir);
  expect(loaded.hcc.publicKey).toBe(made.hcc.publicKey);
  expect(loaded.miners.publicKey).toBe(made.miners.publicKey);
  expect(await readdir(dir)).toEqual(['nats-operator.json']);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
  expect((await stat(join(dir, 'nats-operator.json'))).mode & 0o777).toBe(0o600);
  const { publicKey } = createUserKey();
  const token = await issueServiceJwt(loaded, { role: 'orchestrator', userPublicKey: publicKey, expiresAt: null });
  expect(decode(token).sub).toBe(publicKey);
});

test('keys that others may read, and files that hold none, are refused without quoting them', async () => {
  const dir = await freshDir();
  await saveNatsOperator(await createNatsOperator(), dir);
  const file = join(dir, 'nats-operator.json');
  await chmod(file, 0o644);
  await expect(loadNatsOperator(dir)).rejects.toThrow(/mode 644, wanted 600/);
  await chmod(file, 0o600);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.slice(0, -20));
  await expect(loadNatsOperator(dir)).rejects.toThrow(/not the seeds of a NATS operator/);
  await expect(loadNatsOperator(dir)).rejects.not.toThrow(seedPattern);
  await writeFile(file, '{"operator":"x"}');
  await expect(loadNatsOperator(dir)).rejects.toMatchObject({ code: 'secrets-unreadable' });
});

test('an operator that is logged shows no seed', async () => {
  const operator = await createNatsOperator();
  expect(inspect(operator, { depth: 10, showHidden: true })).not.toMatch(seedPattern);
  expect(JSON.stringify(operator)).not.toMatch(seedPattern);
});
