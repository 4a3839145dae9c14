import { readFile, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { BackupStore } from '#events';
import { openBackupDirectory } from './directory.ts';
import { limits } from './limits.ts';
import { openS3Backups } from './s3.ts';

/** How a store of backups is named: `dir:/path`, or `s3://bucket/prefix` with where that is and who asks. */
export type BackupStoreConfig = {
  readonly store: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** JSON with `accessKeyId` and `secretAccessKey`, readable by nobody else. */
  readonly credentialsFile?: string | undefined;
};

const bucketUrl = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9._/-]*))?$/;
const credentials = z.strictObject({ accessKeyId: z.string().min(1), secretAccessKey: z.string().min(1) });

/** Opens the store that a configuration names. Rejects with one sentence about what of it is missing or wrong. */
export const openBackupStore = async (config: BackupStoreConfig): Promise<BackupStore> => {
  const { store, endpoint, region = 'us-east-1', credentialsFile } = config;
  if (store.startsWith('dir:') && isAbsolute(store.slice(4))) return openBackupDirectory(store.slice(4));
  const [, bucket, folders = ''] = bucketUrl.exec(store) ?? [];
  if (bucket === undefined)
    throw new Error(`"${store}" names no store of backups; wanted dir:/PATH or s3://BUCKET/PREFIX`);
  if (endpoint === undefined || credentialsFile === undefined) {
    const lacks = endpoint === undefined ? 'an endpoint' : 'a file with its credentials';
    throw new Error(`${store} needs ${lacks}, which is not set`);
  }
  const keys = await readCredentials(credentialsFile);
  const prefix = folders
    .split('/')
    .filter((part) => part !== '')
    .join('/');
  return openS3Backups({ endpoint, region, bucket, prefix, ...keys });
};

const readCredentials = async (path: string): Promise<z.output<typeof credentials>> => {
  const { mode, size } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new Error(
      `${path} may be read by others (mode ${(mode & 0o777).toString(8)}), wanted 600: chmod 600 ${path}`,
    );
  }
  if (size > limits.credentialsBytesMax)
    throw new Error(`${path} has ${size} bytes, wanted at most ${limits.credentialsBytesMax}`);
  const wanted = `${path} is not what was wanted: {"accessKeyId": "…", "secretAccessKey": "…"}`;
  try {
    const parsed = credentials.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (parsed.success) return parsed.data;
  } catch {
    // A parser would quote what it could not read, which may be a secret.
  }
  throw new Error(wanted);
};
