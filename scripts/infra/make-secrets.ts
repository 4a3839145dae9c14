import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureNatsOperator, operatorConfig } from '#adapters/nats';
import type { Ids } from '#events';
import { writeFileDurably } from '#host';
import { makeStoreCertificates } from './store-certificates.ts';

export type MadeSecret = { readonly path: string; readonly isNew: boolean };

/** For our own programs, which refuse a secret that others may read. */
const ours = 0o600;
/** For programs that run as users of their own; the directory above lets nobody else in. */
const theirs = 0o644;

/**
 * Makes every secret of the cluster that is not there yet, below a directory of mode 700; what is there stays as it is.
 * Says which files it made and never what is in them.
 */
export const makeSecrets = async (dir: string, ids: Ids): Promise<readonly MadeSecret[]> => {
  await mkdir(join(dir, 'nats'), { recursive: true, mode: 0o700 });
  const made: MadeSecret[] = [];
  const once = async (name: string, mode: number, content: () => string): Promise<void> => {
    const path = join(dir, name);
    const isNew = !(await isThere(path));
    // On the disk before anything is kept under it: whoever loses vault.key has lost every disk of the network.
    if (isNew) await writeFileDurably(path, content(), mode);
    made.push({ path, isNew });
  };

  await once('operator.token', ours, () => `hcc_${ids.uuid()}_${secret()}\n`);
  await once('network.key', ours, ed25519Key);
  const networkKey = await readLine(join(dir, 'network.key'));
  await once('network.pub', theirs, () => publicPem(networkKey));
  await once('vault.key', ours, key32);
  await once('verifier.key', ours, key32);
  await once('evidence.key', ours, key32);
  await once('result.key', ours, ed25519Key);
  const resultKey = await readLine(join(dir, 'result.key'));
  await once('result.pub', theirs, () => publicPem(resultKey));
  await once('redis-password', ours, () => `${secret()}\n`);
  const redisPassword = await readLine(join(dir, 'redis-password'));
  await once('redis-auth.conf', theirs, () => `requirepass ${redisPassword}\n`);
  await once('grafana-password', theirs, secret);

  const operatorFile = join(dir, 'nats-operator.json');
  const hadOperator = await isThere(operatorFile);
  const operator = await ensureNatsOperator(dir);
  made.push({ path: operatorFile, isNew: !hadOperator });
  // Made anew each time: it holds no secret, and what this version lets accounts do must be in force.
  await writeFileDurably(join(dir, 'nats', 'operator.conf'), `${operatorConfig(operator).join('\n')}\n`, theirs);
  made.push({ path: join(dir, 'nats', 'operator.conf'), isNew: true });
  await once('nats/routes.conf', theirs, () => routesConfig(['nats-1', 'nats-2', 'nats-3'].map(routeOf), secret()));

  made.push(...(await makeStoreCertificates(dir)));
  await once('store-credentials', ours, () => `${storeCredentials}\n`);
  return made;
};

/** The database's first user and password, as it comes; change it there and then here (infra/README.md). */
const storeCredentials = 'admin:changeit';

const routeOf = (host: string): string => `${host}:6222`;

/** How nodes find and trust each other; whoever does not know the password is no node. */
export const routesConfig = (routes: readonly string[], password: string): string =>
  [
    'cluster {',
    '  name: hcc',
    '  host: $NATS_HOST',
    '  port: $NATS_ROUTE_PORT',
    `  authorization { user: node, password: "${password}", timeout: 2 }`,
    '  routes: [',
    ...routes.map((route) => `    "nats-route://node:${password}@${route}"`),
    '  ]',
    '}',
    '',
  ].join('\n');

const ed25519Key = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const publicPem = (pem: string): string => createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();

const key32 = (): string => `${randomBytes(32).toString('hex')}\n`;

const secret = (): string => randomBytes(32).toString('base64url');

const readLine = async (path: string): Promise<string> => (await readFile(path, 'utf8')).trim();

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
