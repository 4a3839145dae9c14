import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { parseConfig, readSecretFile, text, wholeNumber } from './config.ts';

const schema = z.object({ HOST: text('a host name'), PORT: wholeNumber('a TCP port, 0 to 65535', 0, 65_535) });

describe('config', () => {
  it('reads what it knows and leaves the rest of the environment alone', () => {
    expect(parseConfig(schema, { HOST: 'a', PORT: '80', HOME: '/root' })).toEqual({ HOST: 'a', PORT: 80 });
  });

  it('names every bad variable at once, with the observed and the wanted', () => {
    expect(() => parseConfig(schema, { HOST: '', PORT: '99999' })).toThrow(
      'bad configuration: HOST is not set, wanted a host name; PORT is "99999", wanted a TCP port, 0 to 65535',
    );
  });

  it('a secret file is read without its line end; one that others may read, or that is missing, is refused', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-cfg-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const path = join(dir, 'token');
    await writeFile(path, 's3cret\n', { mode: 0o600 });
    expect(readSecretFile(path, 'token')).toBe('s3cret');
    await chmod(path, 0o644);
    expect(() => readSecretFile(path, 'token')).toThrow(/mode 644, wanted 600/);
    expect(() => readSecretFile(join(dir, 'none'), 'token')).toThrow(/token cannot be read from .*ENOENT/);
  });
});
