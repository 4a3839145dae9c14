import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { amdRoots, trustRootOf } from '#attestation';
import type { Network } from '#domain';
import { ConfigInvalid } from '#edge';
import { simulatedProcessor } from '#simulated-processor';
import { rootForSpecs } from '../../../libs/simulated-processor/src/root.fixture.ts';
import { tpmRootsOf, trustOf } from './trust.ts';

const root = await rootForSpecs();
const text = simulatedProcessor.writeRoot(root);
const { spkiSha256 } = trustRootOf(root.ark, { name: 'x', product: root.product, simulated: true });
const simulated: Network = {
  ...{ networkId: 'n', name: 'local', kind: 'simulated', networkPublicKey: 'AAAA', simulatedRootSha256: spkiSha256 },
};
const production: Network = { ...simulated, kind: 'production', simulatedRootSha256: null };

test('a simulated network believes its own root and no other', async () => {
  const { roots, issuer } = await trustOf(simulated, text);
  expect(roots.map(({ simulated: is }) => is)).toEqual([true]);
  expect(issuer?.root.ark).toEqual(root.ark);
});

test('a production network believes AMD, and issues nothing', async () => {
  expect(await trustOf(production, null)).toEqual({ roots: amdRoots, issuer: null });
});

test.each<[string, Network, string | null, RegExp]>([
  [
    'a production network with a simulated root in hand',
    production,
    text,
    /production.*HCC_SIMULATED_ROOT_FILE.*unset/,
  ],
  ['a simulated network without its root', simulated, null, /HCC_SIMULATED_ROOT_FILE is not set/],
  [
    'the root of another network',
    { ...simulated, simulatedRootSha256: 'f'.repeat(64) },
    text,
    new RegExp(`${spkiSha256}.*${'f'.repeat(64)}`),
  ],
  ['a file that is no root', simulated, 'nothing', /the simulated root cannot be read/],
])('given %s / then the start is refused by name, without what is in the file', async (_, network, given, words) => {
  const refused = trustOf(network, given);
  await expect(refused).rejects.toThrow(ConfigInvalid);
  await expect(refused).rejects.toThrow(words);
  await expect(refused).rejects.not.toThrow(/PRIVATE KEY/);
});

const folder = (files: Readonly<Record<string, Uint8Array | string>>): string => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-roots-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, name), bytes);
  return dir;
};
const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(root.ask).toString('base64')}\n-----END CERTIFICATE-----\n`;

test('roots of TPM vendors are read from DER and PEM, several in one file, and other files are left alone', async () => {
  const dir = folder({ 'a.der': root.ark, 'b.pem': `${pem}${pem}`, 'README.md': 'about them' });
  expect((await tpmRootsOf(dir)).map((one) => Buffer.from(one))).toEqual(
    [root.ark, root.ask, root.ask].map(Buffer.from),
  );
  expect(await tpmRootsOf(null)).toEqual([]);
});

test.each<[string, () => string, RegExp]>([
  ['a directory that is not there', () => '/nonexistent/roots', /HCC_TPM_ROOTS_DIR cannot be read.*ENOENT/],
  ['a file that is no certificate', () => folder({ 'x.der': 'no' }), /x\.der holds no certificate/],
  ['a file that is too large', () => folder({ 'x.pem': Buffer.alloc(70_000) }), /70000 bytes.*at most 65536/],
])('given %s / then the start is refused by name', async (_, make, words) => {
  const refused = tpmRootsOf(make());
  await expect(refused).rejects.toThrow(ConfigInvalid);
  await expect(refused).rejects.toThrow(words);
});
