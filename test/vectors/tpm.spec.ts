import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { credentialFile, makeCredential, readTpmKey } from '#attestation';
import { entryOf, listOf, pcr10After } from '../../libs/attestation/src/ima/list.fixture.ts';
import { type SoftwareKey, softwareAk, softwareEk, softwareQuote } from '../attestation/software-tpm.ts';
import { caUntilMs, pemOf, vendorChain } from '../attestation/tpm-ca.ts';
import { judges } from './judges.ts';
import { runVectors } from './run.ts';

const entries = ['/bin/a', '/usr/lib/b'].map((path) => entryOf({ path }));
const pcr10 = pcr10After(entries, 'sha256');
const nonce = 'a1b2c3d4e5f60718';
const ak = softwareAk({ kind: 'p256' });
const spki = ak.publicKey.export({ type: 'spki', format: 'der' });
const quote = softwareQuote(ak, {
  nonce: Buffer.from(nonce, 'hex'),
  pcrs: [{ bank: 'sha256', index: 10, value: pcr10 }],
});
const unlike = 'ff'.repeat(32);
const { root, issuing, leaf } = vendorChain(softwareEk('p256').publicKey);
const akName = Buffer.from(readTpmKey(ak.area).name ?? '', 'hex');
const secret = Buffer.alloc(32, 9);

let dir = '';
const write = async (files: Readonly<Record<string, Uint8Array | string>>): Promise<void> => {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(join(dir, name, '..'), { recursive: true });
    await writeFile(join(dir, name), bytes);
  }
};
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-tpm-'));
  await write({
    ...{ 'tpm/quote': quote.attest, 'tpm/signature': quote.signature, 'tpm/pcrs': Buffer.from(pcr10, 'hex') },
    ...{ 'tpm/ak.area': ak.area, 'tpm/ak.der': spki, 'tpm/ak.pem': pemOf(spki, 'PUBLIC KEY'), 'tpm/junk': 'junk' },
    ...{ 'tpm/ek.der': leaf.der, 'tpm/ek.pem': pemOf(leaf.der), 'tpm/issuing.pem': pemOf(issuing.der) },
    ...{ 'tpm/chain.pem': Buffer.concat([pemOf(leaf.der), pemOf(issuing.der)]), 'tpm/root.pem': pemOf(root.der) },
    ...{ 'tpm/root.der': root.der, 'tpm/issuing.der': issuing.der, 'ima/list': listOf(entries) },
  });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const valid = { verdict: 'valid' };
const quoteRow = { id: 'q', attest: 'quote', signature: 'signature', ak: 'ak.area', pcr_values: 'pcrs', nonce };
const certificateRow = { id: 'c', cert: 'ek.der', intermediate: 'issuing.der', root: 'root.der' };

/** Runs one row of a kind; a list finds the quotes beside it. */
const judged = async (row: object, kind = 'tpm', quotes: readonly object[] = []) => {
  const manifest = (of: string, cases: readonly object[]) =>
    writeFile(join(dir, of, 'manifest.json'), JSON.stringify({ kind: of, cases }));
  await manifest('tpm', quotes.length > 0 ? quotes : [quoteRow]);
  await manifest(kind, [{ expect: valid, ...row }]);
  return (await runVectors([join(dir, kind)], judges)).cases[0];
};

describe('the key of a quote', () => {
  test.each(['ak.area', 'ak.der', 'ak.pem'])(
    'given %s, then the quote, and a list that rests on it, are valid',
    async (file) => {
      const row = { ...quoteRow, ak: file, expect: valid };
      expect(await judged(row)).toMatchObject({ ok: true });
      expect(await judged({ id: 'l', file: 'list', quotes: ['q'] }, 'ima', [row])).toMatchObject({ ok: true });
    },
  );

  test.each(['invalid', 'valid'])('given no key and %s expected, then neither row was judged', async (verdict) => {
    const row = { ...quoteRow, ak: 'junk', expect: { verdict } };
    expect(await judged(row)).toMatchObject({ ok: false, got: 'unreadable' });
    const list = { id: 'l', file: 'list', quotes: ['q'], expect: { verdict } };
    expect(await judged(list, 'ima', [row])).toMatchObject({ ok: false, got: 'unreadable' });
  });

  test('given evidence that cannot be read, then it is invalid', async () => {
    const row = { ...quoteRow, attest: 'junk', expect: { verdict: 'invalid' } };
    expect(await judged(row)).toMatchObject({ ok: true, got: 'invalid' });
  });

  test('given facts in capitals, then they are the same facts', async () => {
    const facts = { magic: '0xFF544347', extra_data: nonce.toUpperCase(), sig_alg: 'ecdsa', firmware: '0X102' };
    const said = { pcr_select: [{ alg: 'SHA256', pcrs: [10] }], hash: 'SHA256' };
    expect(await judged({ ...quoteRow, requested: 'SHA256:10', facts: { ...facts, ...said } })).toMatchObject({
      ok: true,
    });
    expect(await judged({ ...quoteRow, facts: { extra_data: unlike.toUpperCase() } })).toMatchObject({ ok: false });
  });
});

describe('the certificate of a TPM’s key', () => {
  test.each<[string, object]>([
    ['DER', {}],
    ['PEM', { cert: 'ek.pem', intermediate: 'issuing.pem', root: 'root.pem' }],
    ['one file with both below the root', { cert: 'chain.pem', intermediate: null, root: 'root.pem' }],
    ['a day', { verify_at: '2026-05-01' }],
    ['a time elsewhere', { verify_at: '2026-05-01T01:00:00+02:00' }],
    ['no instant', { verify_at: null }],
  ])('given %s, then it is valid', async (_name, change) => {
    expect(await judged({ ...certificateRow, verify_at: '2026-05-01T00:00:00Z', ...change })).toMatchObject({
      ok: true,
    });
  });

  test.each<[string, object]>([
    ['another root', { root: 'issuing.pem', intermediate: null, cert: 'issuing.pem' }],
    ['a day after its last', { verify_at: new Date(caUntilMs + 1_000).toISOString().replace(/\.\d+/, '') }],
    ['a certificate that is none', { cert: 'junk' }],
  ])('given %s, then it is invalid', async (_name, change) => {
    const row = { ...certificateRow, verify_at: '2026-05-01', ...change, expect: { verdict: 'invalid' } };
    expect(await judged(row)).toMatchObject({ ok: true, got: 'invalid' });
  });

  test.each<[string, object]>([
    ['a root that is none', { root: 'junk' }],
    ['a date that is none', { verify_at: 'yesterday' }],
  ])('given %s, then nothing was judged, whatever was expected', async (_name, change) => {
    const row = { ...certificateRow, ...change, expect: { verdict: 'invalid' } };
    expect(await judged(row)).toMatchObject({ ok: false, got: 'unreadable' });
  });
});

describe('a wrapped credential', () => {
  const wrapped = async (ek: SoftwareKey) => {
    const blob = credentialFile(makeCredential(readTpmKey(ek.area), akName, secret, randomBytes));
    await write({
      'tpm/blob': blob,
      'tpm/ek': ek.area,
      'tpm/key.pem': ek.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
    const names = { blob: 'blob', ek: 'ek', ek_private: 'key.pem', ak_name: akName.toString('hex').toUpperCase() };
    return { id: 'w', ...names, secret: secret.toString('hex').toUpperCase(), kat: {} };
  };

  test.each<[string, SoftwareKey]>([
    ['RSA-2048, SHA-256, AES-128', softwareEk('rsa')],
    ['RSA-3072, SHA-384, AES-256', softwareEk('rsa', { rsaBits: 3_072, nameHash: 'sha384', aesBits: 256 })],
    ['RSA-2048, SHA-256, AES-256', softwareEk('rsa', { aesBits: 256 })],
    ['P-256, SHA-256, AES-128', softwareEk('p256')],
    ['P-256, SHA-512, AES-192', softwareEk('p256', { nameHash: 'sha512', aesBits: 192 })],
    ['P-384, SHA-256, AES-128', softwareEk('p384', { nameHash: 'sha256', aesBits: 128 })],
    ['P-384, SHA-384, AES-256', softwareEk('p384')],
  ])('given an endorsement key of %s, then it is opened as its public area says', async (_name, ek) => {
    const row = await wrapped(ek);
    expect(await judged(row)).toMatchObject({ ok: true });
    expect(await judged({ ...row, kat: { seed: unlike } })).toMatchObject({ ok: false });
    expect(await judged({ ...row, secret: unlike })).toMatchObject({ ok: false, got: 'invalid' });
  });

  test.each<[string, SoftwareKey]>([
    ['RSA', softwareEk('rsa')],
    ['P-384 with SHA-256', softwareEk('p384', { nameHash: 'sha256', aesBits: 128 })],
    ['RSA with SHA-384', softwareEk('rsa', { nameHash: 'sha384', aesBits: 256 })],
  ])('given only the private half of %s, then it is opened by the template that fits', async (_name, ek) => {
    expect(await judged({ ...(await wrapped(ek)), ek: null })).toMatchObject({ ok: true });
  });

  test('given a point that is not on the curve, then it is invalid; given no key, then nothing was judged', async () => {
    const row = { ...(await wrapped(softwareEk('p256'))), expect: { verdict: 'invalid' } };
    const blob = credentialFile(makeCredential(readTpmKey(softwareEk('p256').area), akName, secret, randomBytes));
    await write({ 'tpm/bent': blob.with(-1, (blob.at(-1) ?? 0) ^ 1) });
    expect(await judged({ ...row, blob: 'bent' })).toMatchObject({ ok: true, got: 'invalid' });
    for (const change of [{ ek: 'junk' }, { ek_private: 'junk' }]) {
      expect(await judged({ ...row, ...change })).toMatchObject({ ok: false, got: 'unreadable' });
    }
  });
});
