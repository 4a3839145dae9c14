import { expect, test } from 'vitest';
import { parseSnpReport } from '#attestation';
import { entryOf } from '../../../libs/attestation/src/ima/list.fixture.ts';
import {
  anotherChip,
  attest,
  certificatesOf,
  identity,
  listSha256,
  measured,
  roundOn,
  type Scene,
} from './round.fixture.ts';

test('given an honest host / when it asks for a round / then the evidence is of this machine, over the list it showed', async () => {
  const { round, said } = roundOn();
  const evidence = await round(attest);
  expect(said.map(({ type }) => type)).toEqual(['need-quote', 'need-ima', 'need-ima']);
  expect(evidence).toMatchObject({ bootSpec: identity.bootSpec, ima: { from: 0, sha256: listSha256(measured) } });
  const report = parseSnpReport(Buffer.from(evidence.report, 'base64'));
  expect(Buffer.from(report.measurement).toString('hex')).toBe(identity.launchDigest);
});

test('given a verifier that says no launch digest / when a round is asked for / then there is none to hold it against', () =>
  expect(roundOn().round({ ...attest, launchDigest: null })).resolves.toBeDefined());

test('given a verifier that wants another launch / when a round is asked for / then the machine stops before it asks for anything', async () => {
  const { round, said } = roundOn();
  const stop = { name: 'Stop', code: 'launch-digest', message: expect.stringContaining('04'.repeat(48)) };
  await expect(round({ ...attest, launchDigest: '04'.repeat(48) })).rejects.toEqual(expect.objectContaining(stop));
  expect(said).toEqual([]);
});

const changed = entryOf({ path: '/usr/bin/node', content: 'another' });
test.each<[string, Partial<Scene>, 'Refuse' | 'Stop', string]>([
  ['a quote over something else', { nonce: Buffer.alloc(32) }, 'Refuse', 'tpm-quote'],
  ['a list that nobody attested', { quoted: 0 }, 'Refuse', 'ima-list'],
  ['a program that comes after the quote', { quoted: 1 }, 'Refuse', 'miner-bundle'],
  ['a changed program', { entries: [...measured, changed] }, 'Refuse', 'miner-bundle'],
  ['certificates of another chip', { certificates: certificatesOf(anotherChip.evidence.vek) }, 'Stop', 'report-chain'],
  ['a report over something else', { reportData: Buffer.alloc(64, 1) }, 'Stop', 'report-data'],
])('given %s / when a round is asked for / then there is no evidence and it is said why', (_, scene, name, code) =>
  expect(roundOn(scene).round(attest)).rejects.toEqual(expect.objectContaining({ name, code })),
);
