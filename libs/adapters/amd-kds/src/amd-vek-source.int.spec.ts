import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createManualClock, type ManualClock } from '#adapters/memory';
import { type VekSource, vekAddressOf, verifySnp } from '#attestation';
import { evidenceAtMs, makeSnpEvidence, type SnpBench } from '../../../../test/attestation/snp-evidence.ts';
import { rootForSpecs } from '../../../simulated-processor/src/root.fixture.ts';
import { createAmdVekSource } from './index.ts';
import { vcekPath } from './key-server.ts';

type Behaviour = (response: ServerResponse) => void;

const send =
  (bytes: Uint8Array | string): Behaviour =>
  (response) =>
    void response.end(bytes);
const fail =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    void response.writeHead(status, headers).end('no');

const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;

let bench: SnpBench;
let server: Server;
let baseUrl: URL;
let folder: string;
let clock: ManualClock;
let source: VekSource;
let asked: string[];
let vcek: Behaviour;
let chain: Behaviour;
let crl: Behaviour;

beforeAll(async () => {
  bench = await makeSnpEvidence(await rootForSpecs());
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    if (path.endsWith('/cert_chain')) chain(response);
    else if (path.endsWith('/crl')) crl(response);
    else vcek(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  baseUrl = new URL(`http://127.0.0.1:${address.port}/`);
}, 120_000);

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hcc-kds-'));
  clock = createManualClock(evidenceAtMs);
  asked = [];
  vcek = send(bench.evidence.vek);
  chain = send(bench.evidence.chain.map(pem).join(''));
  crl = send(bench.evidence.crl ?? '');
  source = createAmdVekSource({ baseUrl, folder, clock });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const nothing = { vek: null, chain: [] };
const find = (offered: Parameters<VekSource['endorsementsFor']>[1] = nothing) =>
  source.endorsementsFor(bench.evidence.report, offered);

describe('endorsements of a report', () => {
  test('given none with it, then they come from the key server and verify, and then from the folder', async () => {
    const first = await find();
    expect(first).toMatchObject({ found: true, vekFrom: 'key-server', crlAgeMs: 0, stale: false });
    if (!first.found) return;
    const evidence = { report: bench.evidence.report, ...first.endorsements };
    expect(verifySnp(evidence, { roots: bench.roots, atMs: evidenceAtMs })).toMatchObject({ ok: true });
    expect(asked).toHaveLength(3);
    expect(
      asked.some((path) => /^\/vcek\/v1\/Milan\/[0-9a-f]{128}\?blSPL=10&teeSPL=00&snpSPL=24&ucodeSPL=219$/.test(path)),
    ).toBe(true);
    expect(
      await createAmdVekSource({ baseUrl, folder, clock }).endorsementsFor(bench.evidence.report, nothing),
    ).toMatchObject({
      ...{ found: true, vekFrom: 'cache', stale: false },
    });
    expect(asked).toHaveLength(3);
  });

  test('given certificates with it, then only the list is asked for, and never taken from the evidence', async () => {
    expect(await find({ vek: bench.evidence.vek, chain: bench.evidence.chain })).toMatchObject({
      ...{ found: true, vekFrom: 'evidence', crlAgeMs: 0 },
    });
    expect(asked).toEqual(['/vcek/v1/Milan/crl']);
  });

  test('given the certificate of another chip with it, then the right one is asked for', async () => {
    const other = await makeSnpEvidence(bench.root);
    expect(await find({ vek: other.evidence.vek, chain: [] })).toMatchObject({ found: true, vekFrom: 'key-server' });
  });

  test('given many that ask at once, then there is one request', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => find()));
    expect(answers.every(({ found }) => found)).toBe(true);
    expect(asked).toHaveLength(3);
  });

  test('given a report of no chip, then its certificate has to come with it', async () => {
    expect(await source.endorsementsFor(new Uint8Array(10), nothing)).toMatchObject({
      found: false,
      code: 'unaddressable',
    });
    expect(asked).toEqual([]);
  });
});

describe('a key server that refuses', () => {
  test('given 429, then it is left alone twice as long each time, and as long as it says', async () => {
    vcek = fail(429);
    expect(await find()).toMatchObject({ found: false, code: 'later', retryAfterMs: 20_000 });
    expect(await find()).toMatchObject({ found: false, code: 'later', retryAfterMs: 20_000 });
    expect(asked).toHaveLength(1);
    await clock.advance(20_000);
    expect(await find()).toMatchObject({ retryAfterMs: 40_000 });
    await clock.advance(40_000);
    vcek = fail(429, { 'retry-after': '300' });
    expect(await find()).toMatchObject({ retryAfterMs: 300_000 });
    await clock.advance(300_000);
    vcek = send(bench.evidence.vek);
    expect(await find()).toMatchObject({ found: true });
    expect(asked.filter((path) => path.includes('SPL'))).toHaveLength(4);
  });

  test('given an old list and 429, then what was known is given, and said to be stale', async () => {
    await find();
    crl = fail(429);
    await clock.advance(2 * 86_400_000);
    expect(await find()).toMatchObject({ found: true, vekFrom: 'cache', crlAgeMs: 2 * 86_400_000, stale: true });
  });

  test('given a chip it does not know, then it is not asked again within the hour', async () => {
    vcek = fail(404);
    expect(await find()).toMatchObject({ found: false, code: 'unknown' });
    await clock.advance(60_000);
    expect(await find()).toMatchObject({ found: false, code: 'unknown' });
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['an endless answer', send(new Uint8Array(200_000))],
    ['another file', send('<html>maintenance</html>')],
    ['a redirect', fail(302, { location: 'http://127.0.0.1:1/' })],
    ['a closed connection', (response: ServerResponse) => void response.destroy()],
  ])('given %s, then it is a refusal and nothing is kept', async (_, behaviour) => {
    vcek = behaviour;
    expect(await find()).toMatchObject({ found: false, code: 'later' });
    vcek = send(bench.evidence.vek);
    await clock.advance(20_000);
    expect(await find()).toMatchObject({ found: true, vekFrom: 'key-server' });
  });
});

test('given a Turin, then its address has eight bytes and the part before the boot loader', () => {
  const tcb = { fmc: 1, bootloader: 2, tee: 0, snp: 4, microcode: 75 };
  const path = vcekPath({ product: 'turin', hwIdHex: '3b42092f69c656d3', tcb });
  expect(path).toBe('vcek/v1/Turin/3b42092f69c656d3?fmcSPL=01&blSPL=02&teeSPL=00&snpSPL=04&ucodeSPL=75');
  expect(vekAddressOf(bench.report({ version: 5 }), null)?.product).toBe('milan');
});
