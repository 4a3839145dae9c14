import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '#edge';
import { imageSourcesOf, imageSourceVariables } from './image-sources.ts';

const read = (env: Readonly<Record<string, string>>) =>
  imageSourcesOf(parseConfig(z.object(imageSourceVariables), env), 'http://api:7070');

test('given nothing / then images come from the orchestrator; given none / then from nowhere', () => {
  expect(read({}).sources).toEqual(['http://api:7070']);
  expect(read({ HCC_IMAGE_SOURCES: 'none' }).sources).toEqual([]);
});

test('given a store and its key / then both are read, and the key only from a file of mode 600', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-src-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 's3.json');
  await writeFile(file, '{"accessKeyId":"A","secretAccessKey":"hush"}', { mode: 0o600 });
  const env = {
    HCC_IMAGE_SOURCES: 'dir:/srv/images, s3://images/public',
    HCC_IMAGE_S3_ENDPOINT: 'http://store:9000',
    HCC_IMAGE_S3_CREDENTIALS_FILE: file,
  };
  expect(read(env)).toMatchObject({
    sources: ['dir:/srv/images', 's3://images/public'],
    s3: { endpoint: 'http://store:9000', region: 'us-east-1', accessKeyId: 'A', secretAccessKey: 'hush' },
  });
  await chmod(file, 0o644);
  expect(() => read(env)).toThrow('mode 644, wanted 600');
  await chmod(file, 0o600);
  await writeFile(file, '{"accessKeyId":"A","secret":"hush"}');
  expect(() => read(env)).toThrow('is not what was wanted');
  expect(() => read(env)).not.toThrow('hush');
});

test.each([
  ['dir:images', 'wanted a whole path: dir:/PATH'],
  ['ftp://x', 'wanted dir:/PATH, https://HOST'],
  ['s3://images', 'credentials of the store, which are not set'],
  ['ipfs:bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', 'an IPFS gateway, which is not set'],
])('given the source %s alone / then the start is refused with %s', (source, words) => {
  expect(() => read({ HCC_IMAGE_SOURCES: source })).toThrow(words);
});

test('given half a store / then what lacks is named', () => {
  expect(() => read({ HCC_IMAGE_S3_ENDPOINT: 'http://store:9000' })).toThrow(
    'HCC_IMAGE_S3_CREDENTIALS_FILE is not set',
  );
});
