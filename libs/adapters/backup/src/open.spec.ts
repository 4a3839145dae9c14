import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openBackupStore } from './open.ts';

const credentialsFile = async (text: string, mode = 0o600): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-bk-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 's3.json');
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
};
const good = '{"accessKeyId":"ME","secretAccessKey":"hidden"}';
const endpoint = 'http://127.0.0.1:9';

test('given a directory, or a bucket with its keys / when it is opened / then it says which it is, without a secret', async () => {
  expect((await openBackupStore({ store: 'dir:/var/lib/hcc' })).name).toBe('dir:/var/lib/hcc');
  const config = { store: 's3://bucket/a//b/', endpoint, credentialsFile: await credentialsFile(good) };
  expect((await openBackupStore(config)).name).toBe('s3://bucket/a/b at http://127.0.0.1:9');
});

test.each([
  ['a relative path', { store: 'dir:backups' }, /names no store of backups; wanted dir:\/PATH/],
  ['another scheme', { store: 'ftp://host/x' }, /names no store of backups/],
  ['no bucket', { store: 's3://' }, /names no store of backups/],
  ['no endpoint', { store: 's3://bucket' }, /needs an endpoint/],
  ['no credentials', { store: 's3://bucket', endpoint }, /needs a file with its credentials/],
])('given %s / when it is opened / then what is wrong is said', async (_what, config, words) => {
  await expect(openBackupStore(config)).rejects.toThrow(words);
});

test.each([
  ['readable by others', good, 0o644, /may be read by others \(mode 644\), wanted 600/],
  ['no JSON', 'hidden', 0o600, /is not what was wanted/],
  ['of another form', '{"accessKeyId":"hidden"}', 0o600, /is not what was wanted/],
  ['too long', ' '.repeat(5_000), 0o600, /has 5000 bytes/],
])(
  'given credentials that are %s / when a bucket is opened / then the file is named, and not its content',
  async (...row) => {
    const [, text, mode, words] = row;
    const path = await credentialsFile(text, mode);
    const opened = openBackupStore({ store: 's3://bucket', endpoint, credentialsFile: path });
    await expect(opened).rejects.toThrow(words);
    await expect(opened).rejects.toThrow(path);
    await expect(opened).rejects.not.toThrow('hidden');
  },
);
