import { createHash } from 'node:crypto';
import { writeFileDurably } from '#host';
import { readSmallFile, readTokenFile } from '../context.ts';
import type { Makes } from '../system.ts';
import type { Home } from './home.ts';

/** An API token as it is known to both sides. */
export type Token = { readonly text: string; readonly tokenId: string; readonly sha256: string };

/** The token of a file in the home's secrets, made the first time (mode 0600). */
export const ensureToken = async (home: Home, name: 'operator' | 'owner', makes: Makes): Promise<Token> => {
  const file = tokenFile(home, name);
  if ((await readSmallFile(file)) === null) await writeFileDurably(file, `hcc_${makes.uuid()}_${makes.secret()}\n`);
  return parseToken(await readTokenFile(file, () => undefined));
};

export const tokenFile = (home: Home, name: 'operator' | 'owner'): string => home.path('secrets', `${name}.token`);

/** The parts of a well-formed token. The network keeps the digest of the secret and never the secret. */
const parseToken = (text: string): Token => {
  const [, tokenId = '', secret = ''] = /^hcc_([^_]+)_(.+)$/.exec(text) ?? [];
  return { text, tokenId, sha256: sha256Of(secret) };
};

/** SHA-256 of an ASCII secret, as 64 hex digits. */
export const sha256Of = (secret: string): string => createHash('sha256').update(secret).digest('hex');
