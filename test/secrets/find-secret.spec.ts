import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findSecret, swapPlaces } from './find-secret.ts';

const placed = async (bytes: Uint8Array | string, name = 'deep/er/file'): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-secret-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(dirname(join(dir, name)), { recursive: true });
  await writeFile(join(dir, name), bytes);
  return dir;
};
const around = (secret: Buffer, before: number): Buffer => Buffer.concat([randomBytes(before), secret, randomBytes(5)]);

test.each([
  ['raw', (secret: Buffer) => around(secret, 3)],
  ['hex', (secret: Buffer) => `key=${secret.toString('hex')};`],
  ['HEX', (secret: Buffer) => secret.toString('hex').toUpperCase()],
  ['base64+0', (secret: Buffer) => around(secret, 3).toString('base64')],
  ['base64+1', (secret: Buffer) => around(secret, 4).toString('base64')],
  ['base64+2', (secret: Buffer) => around(secret, 5).toString('base64')],
  ['base64url+1', (secret: Buffer) => around(secret, 1).toString('base64url')],
])('given a secret as %s somewhere below a directory / then it is found there', async (form, written) => {
  const secret = Buffer.concat([Buffer.from('fbefbefbef', 'hex'), randomBytes(59)]);
  const dir = await placed(written(secret));
  const found = await findSecret(secret, { paths: [dir] });
  expect(found).toEqual(expect.arrayContaining([{ place: join(dir, 'deep/er/file'), form }]));
  expect(await findSecret(randomBytes(64), { paths: [dir] })).toEqual([]);
});

test('given a secret across the ends of two pieces of a large file / then it is found, once', async () => {
  const secret = randomBytes(64);
  const dir = await placed(Buffer.concat([Buffer.alloc(4 * 1024 * 1024 - 30, 1), secret, Buffer.alloc(99, 1)]));
  expect(await findSecret(secret, { paths: [dir] })).toEqual([{ place: join(dir, 'deep/er/file'), form: 'raw' }]);
});

test('given a secret that ends in the hole of a sparse file / then it is found', async () => {
  const secret = Buffer.concat([randomBytes(60), Buffer.alloc(4)]);
  const dir = await placed(Buffer.concat([Buffer.alloc(4 * 1024 * 1024 - 60, 1), secret.subarray(0, 60)]));
  await truncate(join(dir, 'deep/er/file'), 64 * 1024 * 1024);
  expect(await findSecret(secret, { paths: [dir] })).toEqual([{ place: join(dir, 'deep/er/file'), form: 'raw' }]);
});

test('given a process with a secret in its environment, and one with it among its words / then both are found', async () => {
  const hex = randomBytes(32).toString('hex');
  const children = [
    spawn(process.execPath, ['-e', 'setInterval(() => 0, 1e6)'], { env: { SECRET: hex } }),
    spawn(process.execPath, ['-e', 'setInterval(() => 0, 1e6)', hex]),
  ];
  for (const child of children) onTestFinished(() => void child.kill('SIGKILL'));
  await Promise.all(children.map((child) => once(child, 'spawn')));
  const pids = children.map(({ pid }) => pid ?? 0);
  expect(await findSecret(Buffer.from(hex, 'hex'), { paths: [], pids })).toEqual([
    { place: `/proc/${pids[0]}/environ`, form: 'hex' },
    { place: `/proc/${pids[1]}/cmdline`, form: 'hex' },
  ]);
});

test('given a place that is not there, or a secret that is found anywhere / then the search fails', async () => {
  await expect(findSecret(randomBytes(64), { paths: ['/nowhere'] })).rejects.toThrow('no /nowhere');
  await expect(findSecret(randomBytes(4), { paths: [] })).rejects.toThrow('4 bytes');
});

test('given what the kernel says of swap / then each of its devices and files is a place, by its real name', async () => {
  const secret = randomBytes(64);
  const dir = await placed(around(secret, 5_000), 'swap file');
  const file = join(dir, 'swap file');
  const line = `${file.replaceAll(' ', '\\040')} file\t\t524284\t\t12\t\t-2\n`;
  const swaps = `Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n${line}`;
  expect(swapPlaces(swaps)).toEqual([file]);
  expect(await findSecret(secret, { paths: swapPlaces(swaps) })).toEqual([{ place: file, form: 'raw' }]);
  expect(swapPlaces('Filename Type Size Used Priority\n')).toEqual([]);
  expect(swapPlaces('')).toEqual([]);
});
