import { expect, onTestFinished, test } from 'vitest';
import { type S3Server, startS3Server } from '../../../../test/backup/s3-server.ts';
import { describeBackupStore, digestOf, webId } from '../../../../test/conformance/backup-store.ts';
import { openS3Backups, type S3BackupOptions } from './s3.ts';

const newServer = async (): Promise<S3Server> => {
  const server = await startS3Server();
  onTestFinished(() => server.close());
  return server;
};
const optionsOf = ({ endpoint, region, bucket, keys }: S3Server, change: Partial<S3BackupOptions> = {}) => ({
  ...{ endpoint, region, bucket, prefix: 'hcc/one network', ...keys },
  ...change,
});
const bytes = new Uint8Array([1, 2, 3]);
const sha256 = digestOf(bytes);

describeBackupStore('S3', async () => {
  const server = await newServer();
  return {
    store: openS3Backups(optionsOf(server, { prefix: 'hcc' })),
    reopen: async () => openS3Backups(optionsOf(server, { prefix: 'hcc' })),
    damage: async (name, other) => void server.objects.set(`hcc/${webId}/${name}`, other),
  };
});

test('given a prefix or none / then pieces lie below it, and every request was signed as the server computes it', async () => {
  const server = await newServer();
  await openS3Backups(optionsOf(server, { prefix: 'a/b' }))
    .chunksOf(webId)
    .put(sha256, bytes);
  await openS3Backups(optionsOf(server, { prefix: '' }))
    .chunksOf(webId)
    .put(sha256, bytes);
  expect([...server.objects.keys()]).toEqual([`a/b/${webId}/${sha256}`, `${webId}/${sha256}`]);
  expect(server.asked.map(({ status }) => status)).toEqual([200, 200]);
});

test.each<[string, Partial<S3BackupOptions>, string]>([
  ['another secret', { secretAccessKey: 'guessed' }, 'HTTP 403 (SignatureDoesNotMatch)'],
  ['another region', { region: 'us-east-1' }, 'HTTP 403 (AuthorizationHeaderMalformed)'],
  ['a key that nobody has', { accessKeyId: 'NOBODY' }, 'HTTP 403 (InvalidAccessKeyId)'],
  ['another bucket', { bucket: 'elsewhere' }, 'there is no such bucket'],
])(
  'given %s / when a piece is put / then the store says no in its own word, and no secret is told',
  async (_what, change, word) => {
    const server = await newServer();
    const options = optionsOf(server, { prefix: '', ...change });
    const error: unknown = await openS3Backups(options)
      .chunksOf(webId)
      .put(sha256, bytes)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'backup-store-unavailable', message: expect.stringContaining(word) });
    expect(String(error)).not.toContain(options.secretAccessKey);
    expect(server.objects.size).toBe(0);
  },
);

test('given a server that is away, or fails / then that may be tried again, and says so', async () => {
  const server = await newServer();
  const chunks = openS3Backups(optionsOf(server, { prefix: '' })).chunksOf(webId);
  server.failures.push(503);
  await expect(chunks.has(sha256)).rejects.toMatchObject({
    code: 'backup-store-unavailable',
    message: expect.stringContaining('HTTP 503'),
  });
  expect(await chunks.has(sha256)).toBe(false);
  await server.close();
  await expect(chunks.has(sha256)).rejects.toMatchObject({ code: 'backup-store-unavailable' });
});
