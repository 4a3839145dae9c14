import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFileDurably } from '#host';
import { readSmallFile } from '../context.ts';
import type { Home } from './home.ts';

/** The network's own key: what it says about its log is signed with it. */
export const networkKeyFile = (home: Pick<Home, 'path'>): string => home.path('secrets', 'network.key');

/** The file with its public half: what whoever checks needs. */
export const networkPublicKeyFile = (home: Pick<Home, 'path'>): string => home.path('network.pub');

/** Makes the network's key the first time (mode 0600), and writes its public half beside it every time. */
export const ensureNetworkKey = async (home: Home): Promise<void> => {
  const file = networkKeyFile(home);
  let pem = await readSmallFile(file);
  if (pem === null) {
    pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await writeFileDurably(file, pem);
  }
  const publicPem = createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
  await writeFileDurably(networkPublicKeyFile(home), publicPem);
};
