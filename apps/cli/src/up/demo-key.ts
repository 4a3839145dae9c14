import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, requireTool, run } from '#host';
import type { Where } from '../context.ts';
import { readSmallFile } from '../context.ts';

/** Where the key pair of a local cluster's demo account is. */
export const demoKeyFile = (homeDir: string): string => join(homeDir, 'keys', 'demo');

/** The demo account's private key, when this is the local cluster and it is there: ssh finds no other by itself. */
export const localIdentity = async (where: Where): Promise<string | undefined> => {
  if (!where.local) return undefined;
  const path = demoKeyFile(where.homeDir);
  try {
    await access(path);
    return path;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** The demo account's public key, made with ssh-keygen the first time. The directory must be there and private. */
export const ensureDemoKey = async (homeDir: string, cacheDir: string): Promise<string> => {
  const path = demoKeyFile(homeDir);
  const publicKey = await readSmallFile(`${path}.pub`);
  if (publicKey !== null && publicKey.trim() !== '') return publicKey.trim();
  const keygen = await requireTool('ssh-keygen', { cacheDir });
  // ssh-keygen asks before it overwrites half a pair that a crash left: an answer on stdin keeps it from waiting for ever.
  await run(keygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'hcc-demo', '-f', path], { input: 'y\n' });
  return ((await readSmallFile(`${path}.pub`)) ?? '').trim();
};
