import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openAt } from '../../../../test/conformance/kurrent-stores.ts';
import { freshStream, newEvents, take } from '../../../../test/conformance/new-events.ts';
import { startKurrentServer } from '../../../../test/kurrent-server/server.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const openssl = promisify(execFile);

describe.skipIf(!hasOpenssl)('TLS and credentials in the address (needs openssl)', () => {
  let dir: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'hcc-tls-'));
    const run = (...args: readonly string[]) => openssl('openssl', args, { cwd: dir });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    await run('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '2');
    await run('req', ...key, '-keyout', 'node.key', '-out', 'node.csr', '-subj', '/CN=localhost');
    writeFileSync(join(dir, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n');
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
    await run('x509', '-req', '-in', 'node.csr', '-out', 'node.pem', ...signing);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const serve = async () => {
    const secured = {
      certificate: readFileSync(join(dir, 'node.pem')),
      key: readFileSync(join(dir, 'node.key')),
      user: 'admin',
      password: 'ch@nge:it',
    };
    const server = await startKurrentServer({ secured });
    onTestFinished(() => server.stop());
    return `localhost:${server.nodes[0]?.port}`;
  };
  const options = () => `tlsCAFile=${join(dir, 'ca.pem')}&discoveryInterval=10`;

  test('given the right ones / when a store is opened / then it appends, reads and follows over TLS', async () => {
    const { store } = await openAt(`kurrentdb://admin:ch%40nge%3Ait@${await serve()}?${options()}`);
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const seen = take(store.subscribe({ after: null, signal: abort.signal }), 2);
    await store.append(freshStream(), newEvents(2), 'no-stream');
    expect(await seen).toEqual((await store.readAll()).events);
  });

  test('given a wrong password / when a store is opened / then it is refused at once, and the password not said', async () => {
    const opening = openAt(`kurrentdb://admin:wr0ng@${await serve()}?${options()}`, { patienceMs: 2_000 });
    const failure = await opening.then(String, (error: unknown) => error);
    expect(failure).toMatchObject({ fault: 'refused', message: expect.stringContaining('check the user') });
    expect(String(failure)).not.toContain('wr0ng');
  });

  test('given a certificate that nobody vouches for / when a store is opened / then it is not trusted', async () => {
    const opening = openAt(`kurrentdb://admin:ch%40nge%3Ait@${await serve()}?discoveryInterval=10`, {
      patienceMs: 500,
    });
    await expect(opening).rejects.toMatchObject({ fault: 'unreachable' });
  });
});
