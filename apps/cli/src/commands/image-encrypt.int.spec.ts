import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findTool, run } from '#host';
import { openLuks2Volume } from '#luks';
import { fakeMachine } from '../../../../test/cli/fake-machine.ts';

const key = randomBytes(48);
const disk = Buffer.concat([randomBytes(200 * 4096), Buffer.alloc(100 * 4096)]);
const quick = ['--kdf-memory', '32MiB'] as const;

const cryptsetup = await findTool('cryptsetup');

let machine = fakeMachine();
beforeEach(() => {
  machine = fakeMachine();
  writeFileSync(machine.path('key'), key, { mode: 0o600 });
  writeFileSync(machine.path('disk.raw'), disk);
});
afterEach(() => machine.remove());

const encrypt = (...more: readonly string[]) =>
  machine.hcc('image', 'encrypt', 'disk.raw', '--out', 'disk.luks', '--key-file', 'key', ...quick, ...more);

describe('hcc image encrypt', () => {
  test('makes a volume that its key opens, without a cluster, and prints no key', async () => {
    const { code, out, err } = await encrypt('--label', 'web', '--verify', '--json');
    expect(code).toBe(0);
    const shown = JSON.parse(out);
    expect(shown).toMatchObject({ verified: true, header: { label: 'web', cipher: 'aes-xts-plain64', keyBits: 512 } });
    const volume = await openLuks2Volume({ path: machine.path('disk.luks'), passphrase: key });
    expect(await volume.read(0, disk.length)).toEqual(disk);
    await volume.close();
    for (const form of ['hex', 'base64', 'latin1'] as const) expect(out + err).not.toContain(key.toString(form));
    const bytes = readFileSync(machine.path('disk.luks'));
    expect([bytes.indexOf(key), bytes.indexOf(disk.subarray(0, 64))]).toEqual([-1, -1]);
    expect(statSync(machine.path('disk.luks')).mode & 0o777).toBe(0o600);
    const inspected = await machine.hcc('image', 'inspect', 'disk.luks', '--json');
    expect(JSON.parse(inspected.out).header).toEqual(shown.header);
  });

  test('makes a volume that cryptsetup reads, and opens with the key file and no other', async (context) => {
    if (cryptsetup.kind === 'missing') return context.skip('cryptsetup is not there: run npm test, which gets it');
    expect((await encrypt('--label', 'web')).code).toBe(0);
    const volume = machine.path('disk.luks');
    const { stdout } = await run(cryptsetup.path, ['luksDump', volume]);
    expect(stdout).toMatch(/Version:\s+2[\s\S]*Label:\s+web[\s\S]*cipher: aes-xts-plain64[\s\S]*sector: 4096/);
    const opens = (name: string) =>
      run(cryptsetup.path, ['open', '--test-passphrase', '--key-file', machine.path(name), volume]);
    await opens('key');
    writeFileSync(machine.path('other'), randomBytes(48), { mode: 0o600 });
    await expect(opens('other')).rejects.toMatchObject({ code: 'command-failed' });
  });

  test.each([
    ['a key file that others may read', 'key-file-open', 'chmod 600', () => chmodSync(machine.path('key'), 0o640)],
    [
      'a key that could be guessed',
      'key-file-length',
      '/dev/urandom',
      () => writeFileSync(machine.path('key'), 'secret\n'),
    ],
    ['no key file', 'file-unreadable', 'ENOENT', () => machine.remove()],
    [
      'a disk of half a sector',
      'source-unaligned',
      'truncate -s',
      () => writeFileSync(machine.path('disk.raw'), 'x'.repeat(5000)),
    ],
    ['an empty disk', 'source-empty', 'disk', () => writeFileSync(machine.path('disk.raw'), '')],
    [
      'a qcow2',
      'not-raw',
      'qemu-img convert',
      () => writeFileSync(machine.path('disk.raw'), Buffer.from('514649fb00000003', 'hex')),
    ],
    [
      'a volume already',
      'encrypted-already',
      'hcc image inspect',
      () => writeFileSync(machine.path('disk.raw'), Buffer.from('4c554b53babe0002', 'hex')),
    ],
    ['a target that is there', 'target-exists', '--out', () => writeFileSync(machine.path('disk.luks'), 'mine')],
    ['a run that goes on', 'target-busy', 'rm ', () => writeFileSync(machine.path('disk.luks.part'), 'its')],
  ])('given %s, then it is asked wrongly: %s', async (_what, code, says, make) => {
    make();
    const before = filesHere();
    const { code: exit, out, err } = await encrypt('--json');
    expect(exit).toBe(2);
    expect(JSON.parse(out).error.code).toBe(code);
    expect(err).toContain(says);
    expect(err).not.toContain('secret');
    expect(filesHere()).toEqual(before);
  });

  test('without --out or --key-file it says what is missing', async () => {
    expect(await machine.hcc('image', 'encrypt', 'disk.raw')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--out FILE --key-file FILE'),
    });
  });
});

describe('hcc image inspect', () => {
  test('says by name why no guest takes a file, and exits with 1', async () => {
    expect((await encrypt()).code).toBe(0);
    const bytes = readFileSync(machine.path('disk.luks'));
    bytes.write('cipher_null-ecb', bytes.indexOf('aes-xts-plain64'));
    writeFileSync(machine.path('bad.luks'), bytes);
    const { code, err } = await machine.hcc('image', 'inspect', 'bad.luks');
    expect(code).toBe(1);
    expect(err).toMatch(/^hcc: no guest takes bad\.luks: the checksum of the primary header is/);
    expect((await machine.hcc('image', 'inspect', 'disk.raw', '--json')).out).toContain('"not-luks"');
    expect((await machine.hcc('image', 'inspect', 'nowhere')).code).toBe(2);
  });
});

function filesHere(): readonly string[] {
  try {
    return readdirSync(machine.path('.')).sort();
  } catch {
    return [];
  }
}
