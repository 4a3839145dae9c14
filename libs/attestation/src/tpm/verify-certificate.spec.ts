import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { softwareEk } from '../../../../test/attestation/software-tpm.ts';
import {
  type CaTerms,
  caFromMs,
  caKey,
  caUntilMs,
  ekTerms,
  issue,
  tcgPurposes,
  usageBits,
  vendorChain,
} from '../../../../test/attestation/tpm-ca.ts';
import { verifyAzureRuntime } from './azure.ts';
import { readTpmKey } from './keys.ts';
import { tpmLimits } from './limits.ts';
import { type TpmCertificatePolicy, verifyTpmCertificate } from './verify-certificate.ts';

const ek = softwareEk('rsa');
const { root, issuing, leaf } = vendorChain(ek.publicKey);
const atMs = Date.UTC(2026, 10, 22);
const policy: TpmCertificatePolicy = { roots: [root.der], atMs, role: 'endorsement-key', key: readTpmKey(ek.area) };

const refusedFor = (certificate: Uint8Array, intermediates: readonly Uint8Array[], change = {}): readonly string[] => {
  const verified = verifyTpmCertificate({ certificate, intermediates }, { ...policy, ...change });
  return verified.ok ? [] : verified.refusals.map(({ code }) => code);
};

/** The leaf under the good authorities, but for one thing that it says otherwise. */
const leafWith = (change: Partial<CaTerms>): Uint8Array => issue({ ...ekTerms(ek.publicKey), ...change }, issuing).der;

/** A good leaf under an issuing authority of which one thing is otherwise. */
const under = (change: Partial<CaTerms>) => {
  const key = caKey();
  const other = issue({ name: 'Other Issuing', key, authority: true, pathLength: 0, ...change }, root);
  return { certificate: issue(ekTerms(ek.publicKey), other).der, intermediates: [other.der] };
};

describe('the certificate of a TPM’s key', () => {
  test('given leaf, issuing authority and root of a vendor, then it says whose TPM it is', () => {
    const verified = verifyTpmCertificate({ certificate: leaf.der, intermediates: [issuing.der] }, policy);
    expect(verified).toMatchObject({
      ok: true,
      claims: {
        ...{ role: 'endorsement-key', subject: '', issuer: 'CN=Vendor Issuing', notAfterMs: caUntilMs },
        tpm: { manufacturer: 'id:48434300', model: 'soft', version: 'id:00010002' },
        rootSha256: createHash('sha256').update(root.der).digest('hex'),
      },
    });
    expect(verified.checks.filter(({ outcome }) => outcome === 'unchecked')).toMatchObject([
      { code: 'tpm-cert-revocation' },
    ]);
  });

  test.each<[string, string, () => readonly string[]]>([
    ['no issuing authority', 'tpm-cert-chain', () => refusedFor(leaf.der, [])],
    [
      'another vendor’s root',
      'tpm-cert-chain',
      () =>
        refusedFor(leaf.der, [issuing.der], {
          roots: [issue({ name: 'Vendor Root', key: caKey(), authority: true }).der],
        }),
    ],
    ['a signature over SHA-1', 'tpm-cert-chain', () => refusedFor(leafWith({ hash: 'sha1' }), [issuing.der])],
    ['a leaf that is over', 'tpm-cert-dates', () => refusedFor(leafWith({ until: atMs - 1_000 }), [issuing.der])],
    ['a leaf that has not begun', 'tpm-cert-dates', () => refusedFor(leafWith({ from: atMs + 1_000 }), [issuing.der])],
    [
      'a critical extension nobody knows',
      'tpm-cert-extension',
      () => refusedFor(leafWith({ strange: true }), [issuing.der]),
    ],
    ['a leaf that is an authority', 'tpm-cert-leaf', () => refusedFor(leafWith({ authority: true }), [issuing.der])],
    [
      'a key that signs',
      'tpm-cert-role',
      () => refusedFor(leafWith({ usages: [usageBits.digitalSignature] }), [issuing.der]),
    ],
    [
      'a key that does both',
      'tpm-cert-role',
      () => refusedFor(leafWith({ usages: [usageBits.digitalSignature, usageBits.keyEncipherment] }), [issuing.der]),
    ],
    ['no usage', 'tpm-cert-role', () => refusedFor(leafWith({ usages: null }), [issuing.der])],
    [
      'the purpose of an attestation key',
      'tpm-cert-role',
      () => refusedFor(leafWith({ purposes: [tcgPurposes.attestation] }), [issuing.der]),
    ],
    [
      'another key',
      'tpm-cert-key',
      () => refusedFor(leaf.der, [issuing.der], { key: readTpmKey(softwareEk('p256').area) }),
    ],
  ])('given %s, then it is refused for %s and nothing else', (_name, code, refused) => {
    expect(refused()).toEqual([code]);
  });

  test.each<[string, string, Partial<CaTerms>]>([
    ['that is over', 'tpm-cert-dates', { until: atMs - 1_000 }],
    ['with a critical extension nobody knows', 'tpm-cert-extension', { strange: true }],
    ['that is no authority', 'tpm-cert-authority', { authority: false, usages: [usageBits.keyCertSign] }],
    ['that may not sign certificates', 'tpm-cert-authority', { usages: [usageBits.digitalSignature] }],
  ])('given an issuer %s, then it is refused for %s and nothing else', (_name, code, change) => {
    const { certificate, intermediates } = under(change);
    expect(refusedFor(certificate, intermediates)).toEqual([code]);
  });

  test('given a chain longer than an authority above allows, then that authority is named', () => {
    const between = issue({ name: 'Between', key: caKey(), authority: true }, issuing);
    const certificate = issue(ekTerms(ek.publicKey), between).der;
    expect(refusedFor(certificate, [between.der, issuing.der])).toEqual(['tpm-cert-authority']);
  });

  test('given more certificates than any chain has, then none is looked at', () => {
    const many = Array.from({ length: tpmLimits.chainLengthMax + 1 }, () => issuing.der);
    expect(refusedFor(leaf.der, many)).toEqual(['tpm-cert-chain']);
  });

  test('given the first and the last instant it names, then it is valid; a moment before and after it is not', () => {
    const at = (ms: number) => refusedFor(leaf.der, [issuing.der], { atMs: ms }).length === 0;
    expect([caFromMs - 1, caFromMs, caUntilMs, caUntilMs + 1].map(at)).toEqual([false, true, true, false]);
  });

  test('given an attestation key’s certificate, then it is one', () => {
    const certificate = leafWith({ usages: [usageBits.digitalSignature], purposes: [tcgPurposes.attestation] });
    expect(refusedFor(certificate, [issuing.der], { role: 'attestation-key' })).toEqual([]);
    expect(refusedFor(leaf.der, [issuing.der], { role: 'attestation-key' })).toEqual(['tpm-cert-role']);
  });
});

describe('the runtime data of an Azure VM', () => {
  const ak = readTpmKey(ek.area);
  const runtimeOf = (kid: string) =>
    Buffer.from(JSON.stringify({ keys: [{ kid, ...ek.publicKey.export({ format: 'jwk' }) }] }));
  const hashed = (bytes: Uint8Array) => Buffer.concat([createHash('sha256').update(bytes).digest(), Buffer.alloc(32)]);
  const runtimeData = runtimeOf('HCLAkPub');
  const refused = (change: Partial<Parameters<typeof verifyAzureRuntime>[0]>, key = ak): readonly string[] => {
    const verified = verifyAzureRuntime({ runtimeData, reportData: hashed(runtimeData), ...change }, key);
    return verified.ok ? [] : verified.refusals.map(({ code }) => code);
  };

  test('given report data that names it and the key in it, then the report binds that key', () => {
    expect(refused({})).toEqual([]);
  });

  test.each<[string, string, () => readonly string[]]>([
    ['another report', 'tpm-azure-runtime', () => refused({ reportData: Buffer.alloc(64) })],
    ['no report data', 'tpm-azure-runtime', () => refused({ reportData: new Uint8Array() })],
    ['another attestation key', 'tpm-azure-key', () => refused({}, readTpmKey(softwareEk('rsa').area))],
    [
      'no such key in it',
      'tpm-azure-key',
      () => refused({ runtimeData: runtimeOf('x'), reportData: hashed(runtimeOf('x')) }),
    ],
    [
      'no JSON',
      'tpm-azure-key',
      () => refused({ runtimeData: Buffer.from('{'), reportData: hashed(Buffer.from('{')) }),
    ],
  ])('given %s, then it is refused for %s and nothing else', (_name, code, refusals) => {
    expect(refusals()).toEqual([code]);
  });
});
