import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { predictLaunchDigest } from '#attestation';
import { ovmfImage } from '../attestation/ovmf.ts';
import type { Judge } from './case.ts';
import { readCaseFile } from './case.ts';
import { judges } from './judges.ts';
import { runVectors } from './run.ts';

const firmware = ovmfImage();
const digest = predictLaunchDigest({ firmware, vcpus: 1, vcpuType: 'EPYC', guestFeatures: 1n, vmm: 'qemu' });
const launch = {
  ...{ id: 'one', ovmf: 'fw.bin', vcpus: 1, vcpu_type: 'EPYC', guest_features: '0x1', vmm: 'qemu' },
  expect: { verdict: digest },
};

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-vectors-'));
  await writeFile(join(dir, 'fw.bin'), firmware);
});
afterEach(() => rm(dir, { recursive: true }));

const manifest = async (cases: readonly object[], kind = 'measure', into = dir): Promise<void> => {
  await mkdir(into, { recursive: true });
  await writeFile(join(into, 'manifest.json'), JSON.stringify({ kind, cases }));
};
const only = async (row: object) => {
  await manifest([row]);
  return (await runVectors([dir], judges)).cases[0];
};

describe('a run of vectors', () => {
  test('given bytes that say what the row expects, then it agrees', async () => {
    await manifest([launch]);
    expect(await runVectors([dir], judges)).toEqual({
      ok: true,
      cases: [{ kind: 'measure', id: 'one', expected: digest, got: digest, reason: expect.any(String), ok: true }],
    });
  });

  test('given one byte of a file changed, then it does not', async () => {
    const changed = Buffer.from(firmware);
    changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
    await writeFile(join(dir, 'fw.bin'), changed);
    await manifest([launch]);
    expect(await runVectors([dir], judges)).toMatchObject({ ok: false, cases: [{ ok: false }] });
  });

  test.each<[string, object, string]>([
    ['a missing file', { ovmf: 'none.bin' }, 'none.bin cannot be read: ENOENT'],
    ['a path out of the folder', { ovmf: '../fw.bin' }, 'is no path inside the folder'],
    ['an absolute path', { ovmf: '/etc/hostname' }, 'is no path inside the folder'],
    ['a folder', { ovmf: '.' }, ''],
    ['a row without its fields', { vcpus: undefined }, 'row: '],
  ])('given %s, then it is unreadable, whatever was expected', async (_name, change, reason) => {
    for (const verdict of [digest, 'error', 'invalid']) {
      const result = await only({ ...launch, ...change, expect: { verdict } });
      expect(result).toMatchObject({ ok: false, got: 'unreadable', reason: expect.stringContaining(reason) });
    }
  });

  test('given a link out of the folder, then it is not followed', async () => {
    await symlink('/etc/hostname', join(dir, 'link.bin'));
    expect(await only({ ...launch, ovmf: 'link.bin' })).toMatchObject({
      ...{ ok: false, got: 'unreadable', reason: 'link.bin is a link out of the folder of its manifest' },
    });
  });

  test('given a file larger than the bound, then it is not read', async () => {
    await expect(readCaseFile(dir, 'fw.bin', 100)).rejects.toThrow('at most 100 are read');
  });

  test('given a row without a verdict, then it fails and says so', async () => {
    expect(await only({ ...launch, expect: undefined })).toMatchObject({
      ...{ ok: false, expected: '(the row names none)' },
    });
  });

  test('given a model and another model’s signature, then the row contradicts itself', async () => {
    expect(await only({ ...launch, vcpu_sig: '0xa00f11' })).toMatchObject({
      ...{ ok: false, got: digest, reason: expect.stringContaining('vcpu_sig') },
    });
  });
});

describe('the comparison', () => {
  const saying =
    (answer: Awaited<ReturnType<Judge>>): Judge =>
    async () =>
      answer;
  const run = async (row: object, judge: Judge) => {
    await manifest([row], 'made');
    return (await runVectors([dir], new Map([['made', judge]]))).cases[0];
  };
  const row = { id: 'a', expect: { verdict: 'valid' } };

  test.each<[string, object, Awaited<ReturnType<Judge>>, boolean]>([
    ['the same verdict', row, { got: 'valid', reason: '' }, true],
    ['another verdict', row, { got: 'invalid', reason: '' }, false],
    ['a fact that differs', row, { got: 'valid', reason: '', disagreements: ['vmpl is 1'] }, false],
    [
      'an object, by value',
      { id: 'a', expect: { verdict: '{"b": 1, "a": true}' } },
      { got: '{"a":true,"b":1}', reason: '' },
      true,
    ],
    [
      'an object with another value',
      { id: 'a', expect: { verdict: { a: true } } },
      { got: '{"a":false}', reason: '' },
      false,
    ],
    ['files each with a verdict', { id: 'a', files: { x: 'valid' } }, { got: 'see files', reason: '' }, true],
    [
      'the policy verdict',
      { id: 'a', expect: { verdict: 'valid', policy_verdict: 'reject' } },
      { got: 'valid', reason: '', policyVerdict: 'reject' },
      true,
    ],
    [
      'another policy verdict',
      { id: 'a', expect: { verdict: 'valid', policy_verdict: 'reject' } },
      { got: 'valid', reason: '', policyVerdict: 'accept' },
      false,
    ],
    [
      'no policy verdict',
      { id: 'a', expect: { verdict: 'valid', policy_verdict: 'reject' } },
      { got: 'valid', reason: '' },
      false,
    ],
    [
      'a policy verdict nobody asked for',
      { id: 'a', expect: { verdict: 'valid', policy_verdict: null } },
      { got: 'valid', reason: '', policyVerdict: 'reject' },
      true,
    ],
  ])('given %s, then it is told', async (_name, expected, answer, ok) => {
    expect(await run(expected, saying(answer))).toMatchObject({ ok });
  });

  test('given a judge that throws, then the case has crashed and the run goes on', async () => {
    await manifest([row, { ...row, id: 'b' }], 'made');
    const judge: Judge = async () => {
      throw new Error('boom');
    };
    expect(await runVectors([dir], new Map([['made', judge]]))).toMatchObject({
      cases: [{ got: 'crashed', reason: 'Error: boom' }, { id: 'b' }],
    });
  });
});

describe('folders', () => {
  test('given a folder of folders, then those with a manifest are run', async () => {
    await manifest([{ ...launch, expect: { verdict: 'error' }, ovmf: 'fw.bin' }], 'measure', join(dir, 'x'));
    await writeFile(join(dir, 'x', 'fw.bin'), Buffer.alloc(4096));
    await mkdir(join(dir, 'LICENCES'));
    expect(await runVectors([dir], judges)).toMatchObject({ ok: true, cases: [{ got: 'error' }] });
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    ['no folder', () => rm(dir, { recursive: true }).then(() => mkdir(dir)), /no manifest.json/],
    ['an unknown kind', () => manifest([launch], 'tdx'), /no judge for kind "tdx"; there are/],
    ['two cases of one name', () => manifest([launch, launch]), /two cases are called one/],
    ['no cases', () => manifest([]), /cases/],
    ['no JSON', () => writeFile(join(dir, 'manifest.json'), '{'), /is no JSON/],
  ])('given %s, then the whole run is refused by name', async (_name, arrange, message) => {
    await arrange();
    await expect(runVectors([dir], judges)).rejects.toThrow(message);
  });

  test('given a folder that is not there, then it is named', async () => {
    await expect(runVectors([join(dir, 'none')], judges)).rejects.toThrow('there is no such folder');
  });
});
