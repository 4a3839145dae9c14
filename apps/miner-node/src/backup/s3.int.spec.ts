import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openBackupStore } from '#adapters/backup';
import { startS3Server } from '../../../../test/backup/s3-server.ts';
import { readConfig } from '../config.ts';
import { backupId, fill, madeOf, never, newBench, overwrite, piece, vmId } from './backup.fixture.ts';

const needed = {
  ...{ HCC_MINER_DIR: '/var/lib/hcc', HCC_MINER_ID: '44444444-4444-4444-8444-444444444444' },
  HCC_API_URL: 'http://127.0.0.1:7070',
};

/** Two hosts whose agents are told of one S3 store, as their environment would say it. */
const hosts = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-s3-'));
  const s3 = await startS3Server();
  onTestFinished(async () => {
    await s3.close();
    await rm(dir, { recursive: true, force: true });
  });
  const credentials = join(dir, 's3.json');
  await writeFile(credentials, JSON.stringify(s3.keys), { mode: 0o600 });
  const { backups } = readConfig(
    {
      ...needed,
      ...{ HCC_BACKUP_STORE: `s3://${s3.bucket}/hcc`, HCC_BACKUP_S3_ENDPOINT: s3.endpoint },
      ...{ HCC_BACKUP_S3_REGION: s3.region, HCC_BACKUP_S3_CREDENTIALS_FILE: credentials },
    },
    '/',
  );
  if (backups === null) throw new Error('no store was configured');
  const { host } = await newBench();
  const [one, other] = [await openBackupStore(backups), await openBackupStore(backups)];
  return { s3, a: await host('one', one), b: await host('other', other) };
};

test('given a store that is S3 / when a volume is copied twice, tidied and put back elsewhere / then it is the newest, and no more is kept', async () => {
  const { s3, a, b } = await hosts();
  await fill(a.volume);
  const first = madeOf(await a.backups.copy({ vmId, backupId: backupId(1) }, never));
  await overwrite(a.volume, 0, randomBytes(512));
  const second = madeOf(await a.backups.copy({ vmId, backupId: backupId(2) }, never));
  expect([first.newBytes, second.newBytes]).toEqual([3 * piece + 4_096, piece]);
  expect(s3.objects.size).toBe(7);

  await a.backups.sweep({ vmId, keep: [second.manifestSha256] }, never);
  expect(s3.objects.size).toBe(5);
  const { manifestSha256, bytes } = second;
  await b.backups.restore({ vmId, manifestSha256, diskBytesMax: bytes }, never);
  expect((await readFile(b.volume)).equals(await readFile(a.volume))).toBe(true);
  expect(s3.asked.filter(({ status }) => status >= 400 && status !== 404)).toEqual([]);
  expect([...s3.objects.keys()].every((key) => key.startsWith(`hcc/${vmId}/`))).toBe(true);
});

test('given a store of which nothing is said / then there is none; one that is named wrongly is refused by its variable', () => {
  expect(readConfig(needed, '/').backups).toBeNull();
  expect(() => readConfig({ ...needed, HCC_BACKUP_STORE: 'backups' }, '/')).toThrow(/HCC_BACKUP_STORE.*dir:\/PATH/s);
});
