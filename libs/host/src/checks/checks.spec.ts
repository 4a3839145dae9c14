import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { type Checked, checksExitCode, runChecks } from './check.ts';
import { hostChecks } from './host-checks.ts';
import { judgeSkew, type NetworkPlaces, networkChecks } from './network-checks.ts';
import { sealedChecks } from './sealed-checks.ts';
import { snpChecks } from './snp-checks.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

describe('running checks', () => {
  test('given one that throws and one with several findings / when all run / then each says its own', async () => {
    const results = await runChecks([
      { code: 'A', name: 'a', wanted: 'x', look: () => Promise.reject(new Error('broken')) },
      {
        code: 'B',
        name: 'b',
        wanted: 'y',
        look: async () => [
          { status: 'PASS', observed: 'one' },
          { status: 'WARN', observed: 'two', code: 'B2', name: 'b two', wanted: 'z', fix: 'do it' },
        ],
      },
    ]);
    expect(results).toEqual([
      { code: 'A', name: 'a', status: 'FAIL', observed: 'broken', wanted: 'x', fix: null },
      { code: 'B', name: 'b', status: 'PASS', observed: 'one', wanted: 'y', fix: null },
      { code: 'B2', name: 'b two', status: 'WARN', observed: 'two', wanted: 'z', fix: 'do it' },
    ]);
  });

  test.each<[readonly Checked['status'][], number]>([
    [['PASS', 'SKIP'], 0],
    [['PASS', 'WARN', 'SKIP'], 1],
    [['WARN', 'FAIL', 'PASS'], 2],
    [[], 0],
  ])('given %j / when a monitor asks / then the exit code is %i', (statuses, code) => {
    expect(checksExitCode(statuses.map((status) => ({ status })))).toBe(code);
  });
});

describe('a host’s checks', () => {
  const nowhere: NetworkPlaces = { apiUrl: undefined, natsServers: [], now: () => 0 };
  const options = { stateDir: tmpdir(), tools: {}, platform: 'none', network: nowhere } as const;

  test('given this host / when it is checked / then every check answers, codes are stable and told apart, fixes are there', async () => {
    const results = await runChecks(hostChecks(options));
    const codes = results.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^HCC-H0\d\d$/);
    for (const { status, observed, fix, code } of results) {
      expect(observed, code).not.toBe('');
      if (status === 'FAIL' || status === 'WARN') expect(fix, `${code} ${observed}`).not.toBeNull();
    }
    expect(results.find(({ code }) => code === 'HCC-H005')?.observed).toMatch(/^\d+ MiB available$/);
  });

  test('given a directory for VMs / when its file system is tried / then it says whether files have holes, and nothing is left there', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-sparse-'));
    cleanups.push(() => rm(dir, { recursive: true }));
    const [sparse, firmware] = await runChecks(sealedChecks({ stateDir: dir, tools: { env: { PATH: '' } } }));
    expect(sparse).toMatchObject({ code: 'HCC-H014', status: 'PASS', observed: `4194304 bytes take 0 at ${dir}` });
    expect(await readdir(dir)).toEqual([]);
    expect(firmware, 'no QEMU, no answer').toMatchObject({ code: 'HCC-H015', status: 'SKIP' });
  });

  test('given a host without SEV-SNP / when it wants it / then its checks fail; when it does not, they are skipped', async () => {
    const statuses = async (platform: 'none' | 'sev-snp') =>
      (await runChecks(snpChecks({ platform, tools: { env: { PATH: '' } } }))).map(({ status }) => status);
    expect((await statuses('sev-snp')).at(-1), 'no firmware is set').toBe('FAIL');
    expect(await statuses('none')).not.toContain('FAIL');
  });
});

describe('the network as a host sees it', () => {
  const look = async (places: Partial<NetworkPlaces>) =>
    runChecks(networkChecks({ apiUrl: undefined, natsServers: [], now: () => Date.UTC(2026, 0, 31), ...places }));

  test('given a bus, another program and nobody / when they are tried / then only the bus passes, no password is told', async () => {
    const bus = await listener((socket) => socket.write('INFO {}\r\n'));
    const other = await listener((socket) => socket.write('SSH-2.0\r\n'));
    const [good] = await look({ natsServers: [`nats://me:secret@127.0.0.1:${other}`, `nats://127.0.0.1:${bus}`] });
    expect(good).toMatchObject({ status: 'PASS', observed: `127.0.0.1:${bus} accepts` });
    const [bad] = await look({ natsServers: [`nats://me:secret@127.0.0.1:${other}`, 'nats://127.0.0.1:1'] });
    expect(bad).toMatchObject({ code: 'HCC-H020', status: 'FAIL' });
    expect(bad?.observed).toBe(`127.0.0.1:${other}: not a NATS server; 127.0.0.1:1: ECONNREFUSED`);
  });

  test('given an orchestrator with a clock of its own / when clocks are compared / then the difference is told', async () => {
    const server = createHttpServer((_request, response) => {
      response.writeHead(200, { date: new Date(Date.UTC(2026, 0, 31, 0, 1)).toUTCString() }).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const [, skew] = await look({ apiUrl });
    expect(skew).toMatchObject({ code: 'HCC-H021', status: 'FAIL' });
    expect(skew?.observed).toMatch(/^60\d\d\d ms behind/);
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const [, away] = await look({ apiUrl: nobody });
    expect(away).toMatchObject({ status: 'WARN', observed: `${nobody} does not answer (ECONNREFUSED)` });
    expect(away?.fix, 'before it joins, a host that has the wrong address learns it here').toContain('HCC_API_URL');
  });

  test.each([
    [300, 'PASS'],
    [-5_000, 'WARN'],
    [60_000, 'FAIL'],
  ])('given clocks %i ms apart / when that is judged / then it is a %s', (skewMs, status) => {
    expect(judgeSkew(skewMs, 10).status).toBe(status);
  });
});

async function listener(greet: (socket: { write(text: string): unknown }) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    greet(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}
