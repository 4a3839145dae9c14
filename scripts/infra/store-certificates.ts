import { access, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#host';
import type { MadeSecret } from './make-secrets.ts';

const nodes = ['kurrent-1', 'kurrent-2', 'kurrent-3'];
const yearsOfCa = 10;
const daysOfNode = 398;

/** An authority of the network's own and one certificate for its database nodes, by openssl; what is there stays. The
 *  authority's key is thrown away: the next certificates come with the next authority. */
export const makeStoreCertificates = async (dir: string): Promise<readonly MadeSecret[]> => {
  const paths = {
    ca: join(dir, 'store-ca', 'ca.crt'),
    certificate: join(dir, 'store-node.crt'),
    key: join(dir, 'store-node.key'),
  };
  const told = (isNew: boolean) => Object.values(paths).map((path) => ({ path, isNew }));
  const there = await Promise.all(Object.values(paths).map(isThere));
  if (there.every((is) => is)) return told(false);
  if (there.some((is) => is)) {
    throw new Error(
      `${dir} has some of store-ca/ca.crt, store-node.crt and store-node.key: remove those, and run again`,
    );
  }
  await mkdir(join(dir, 'store-ca'), { recursive: true, mode: 0o755 });
  const work = await mkdtemp(join(tmpdir(), 'hcc-ca-'));
  try {
    const caKey = join(work, 'ca.key');
    const request = join(work, 'node.csr');
    const extensions = join(work, 'node.ext');
    const names = ['localhost', ...nodes].map((name) => `DNS:${name}`);
    await writeFile(
      extensions,
      `subjectAltName=${[...names, 'IP:127.0.0.1'].join(',')}\nextendedKeyUsage=serverAuth,clientAuth\n`,
    );
    const newKey = ['-newkey', 'rsa:3072', '-nodes'];
    const ca = ['-x509', ...newKey, '-keyout', caKey, '-out', paths.ca, '-days', String(365 * yearsOfCa)];
    await run('openssl', ['req', ...ca, '-subj', '/CN=hcc-store-ca']);
    // The database takes two nodes for one cluster when their certificates have one common name.
    await run('openssl', ['req', ...newKey, '-keyout', paths.key, '-out', request, '-subj', '/CN=kurrentdb-node']);
    const serial = ['-CAserial', join(work, 'ca.srl'), '-CAcreateserial'];
    const sign = ['-in', request, '-CA', paths.ca, '-CAkey', caKey, ...serial, '-extfile', extensions];
    await run('openssl', ['x509', '-req', ...sign, '-out', paths.certificate, '-days', String(daysOfNode)]);
    for (const path of Object.values(paths)) await chmod(path, 0o644);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return told(true);
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
