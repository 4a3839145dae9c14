import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { earSchema, privateClaims, type ResultTerms, resultOf, vectorOf } from './ear.ts';
import { openHost } from './host.fixture.ts';
import { type ResultTrust, signResult, verifyResult } from './signed-result.ts';

const host = await openHost();
const judged = host.judge(host.round());
const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const issuedAtMs = Date.UTC(2026, 10, 21);

const terms: ResultTerms = {
  ...{ verifier: { id: 'attestor-1', build: 'hcc 0.1.0' }, appraisalId: 'appraisal-1' },
  ...{ attesterId: host.context.attesterId, networkId: host.context.network.id },
  ...{ evidenceSha256: judged.evidenceSha256, nonceSha256: host.context.nonceSha256 },
  policy: { name: 'host-attestation', version: 3, sha256: 'ab'.repeat(32) },
  ...{ issuedAtMs, expiresAtMs: issuedAtMs + 600_000 },
};
const result = resultOf(judged.appraisal, terms);
const by = { key: ed25519.privateKey, algorithm: 'EdDSA', keyId: 'attestor-1' } as const;
const trust: ResultTrust = {
  ...{ issuer: 'attestor-1', key: ed25519.publicKey, algorithm: 'EdDSA', atMs: issuedAtMs + 1_000, toleranceMs: 2_000 },
};

describe('a signed result', () => {
  test('given the key it was signed with, then it says what was judged, and that it was simulated', async () => {
    const verified = await verifyResult(await signResult(result, by), trust);
    expect(verified).toEqual({ ok: true, result });
    expect(result.submods.host).toMatchObject({
      'ear.status': 'affirming',
      'ear.appraisal-policy-id': 'policy:host-attestation:3',
      [privateClaims]: { platform: 'simulated', evidenceSha256: judged.evidenceSha256, refusals: [] },
    });
    expect(result.submods.host['ear.trustworthiness-vector']).toMatchObject({ hardware: 2, 'runtime-opaque': 0 });
  });

  test('given ES256, then it is verified as ES256 and as nothing else', async () => {
    const token = await signResult(result, { key: p256.privateKey, algorithm: 'ES256', keyId: 'k' });
    expect((await verifyResult(token, { ...trust, key: p256.publicKey, algorithm: 'ES256' })).ok).toBe(true);
    expect(await verifyResult(token, trust)).toMatchObject({ ok: false, code: 'result-signature' });
  });

  test.each([
    ['another key', { key: generateKeyPairSync('ed25519').publicKey }, 'result-signature'],
    ['another issuer', { issuer: 'attestor-2' }, 'result-issuer'],
    ['a time after its end', { atMs: issuedAtMs + 603_000 }, 'result-expired'],
    ['a time before it was issued', { atMs: issuedAtMs - 3_000 }, 'result-from-the-future'],
  ])('given %s, then it is refused by name', async (_name, over, code) => {
    expect(await verifyResult(await signResult(result, by), { ...trust, ...over })).toMatchObject({ ok: false, code });
  });

  test('given claims we do not know, no type, or a token that is none, then it is malformed', async () => {
    const signed = (claims: object, typ = 'eat+jwt') =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA', typ }).sign(ed25519.privateKey);
    const { submods: _without, ...rest } = result;
    for (const token of [
      await signed({ ...result, admin: true }),
      await signed(rest),
      await signed(result, 'JWT'),
      ...['', 'a.b.c', 'x'.repeat(100_000)],
    ]) {
      expect(await verifyResult(token, trust)).toMatchObject({ ok: false, code: 'result-malformed' });
    }
  });

  test('given an unsigned token that says so, then it is refused', async () => {
    const [, body = ''] = (await signResult(result, by)).split('.');
    const header = Buffer.from('{"alg":"none","typ":"eat+jwt"}').toString('base64url');
    expect((await verifyResult(`${header}.${body}.`, trust)).ok).toBe(false);
  });

  test('given any changed character, then it is never taken', async () => {
    const token = await signResult(result, by);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom('A', 'b', '-', '.', ' '), async (at, character) => {
        // The last character of a signature carries four bits that no decoder reads.
        fc.pre(token[at] !== character && at < token.length - 1);
        const mutated = token.slice(0, at) + character + token.slice(at + 1);
        expect((await verifyResult(mutated, trust)).ok).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

test('a refused host has a result that names the refusals and affirms nothing of that group', () => {
  const bad = host.judge(host.round({ report: { measurement: Buffer.alloc(48) } })).appraisal;
  const claims = resultOf(bad, terms);
  expect(earSchema.safeParse(claims).success).toBe(true);
  expect(claims.submods.host['ear.status']).toBe('contraindicated');
  expect(claims.submods.host['ear.trustworthiness-vector']).toMatchObject({ configuration: 96, executables: 33 });
  expect(claims.submods.host[privateClaims].refusals.map(({ code }) => code)).toEqual(['snp-measurement']);
});

test('memory counts as encrypted on real hardware only', () => {
  expect(vectorOf(judged.appraisal.groups, 'sev-snp')['runtime-opaque']).toBe(2);
  expect(vectorOf({ ...judged.appraisal.groups, hardware: 'none' }, 'sev-snp')).toMatchObject({
    ...{ hardware: 0, 'runtime-opaque': 0 },
  });
});
