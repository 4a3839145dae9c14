import { expect, test } from 'vitest';
import { rootForSpecs } from '../../../../libs/simulated-processor/src/root.fixture.ts';
import { evidenceAtMs, makeSnpEvidence } from '../../../../test/attestation/snp-evidence.ts';
import type { Certificates } from '../report/report-provider.ts';
import { checkChain } from './chain.ts';

const root = await rootForSpecs();
const [own, another] = [await makeSnpEvidence(root), await makeSnpEvidence(root)];
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const certificates = (vek: Uint8Array, ark: Uint8Array = root.ark): Certificates => ({
  ...{ vek: base64(vek), ask: base64(root.ask), ark: base64(ark) },
});
const check = (given: Certificates, kind: 'simulated' | 'production' = 'simulated', atMs = evidenceAtMs) =>
  checkChain(own.evidence.report, given, { kind, atMs });
const stops = (words: string) =>
  expect.objectContaining({ name: 'Stop', code: 'report-chain', message: expect.stringContaining(words) });

test('given a report and the certificates of its own chip / when the chain is checked / then it holds', () =>
  expect(check(certificates(own.evidence.vek))).toBeUndefined());

test('given a report and the certificate of another chip / when the chain is checked / then the machine stops', () =>
  expect(() => check(certificates(another.evidence.vek))).toThrow(stops('snp-report-signature')));

test('given a production network / when the chain ends at a simulated root / then the machine stops', () =>
  expect(() => check(certificates(own.evidence.vek), 'production')).toThrow(stops('snp-root-pinned')));

test('given a root that is no certificate / when the chain is checked / then the machine stops', () =>
  expect(() => check(certificates(own.evidence.vek, Buffer.from('no certificate')))).toThrow(
    stops('is no certificate'),
  ));

test('given certificates that ended / when the chain is checked / then the machine stops', () =>
  expect(() => check(certificates(own.evidence.vek), 'simulated', Date.UTC(2060, 0, 1))).toThrow(stops('dates')));

test.each([
  ['none', null],
  ['a table, as a kernel gives it', { table: base64(Buffer.from('a table')) }],
])('given %s beside a report / when the chain is checked / then that is left to the verifier', (_, given) =>
  expect(check(given)).toBeUndefined(),
);
