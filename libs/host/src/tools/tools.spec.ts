import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { silent } from '../report.ts';
import { tools } from './catalogue.ts';
import { ensureTools } from './ensure-tools.ts';
import { findTool, requireTool } from './find-tool.ts';

const dirs: string[] = [];
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

describe('system tools', () => {
  test('given the catalogue / when it is read / then every tool says why it is needed', () => {
    for (const tool of tools) expect(tool.why, tool.name).toMatch(/\w+ \w+/);
    expect(new Set(tools.map((tool) => tool.name)).size).toBe(tools.length);
  });

  test('given a new enough program on PATH / when it is looked for / then it is found with its version', async () => {
    const { cacheDir, bin } = await machine({ 'bin/nats-server': 'nats-server: v2.11.3' });
    const found = await findTool('nats-server', { env: { PATH: bin }, cacheDir });
    expect(found).toMatchObject({ kind: 'found', from: 'path', path: join(bin, 'nats-server'), version: [2, 11, 3] });
  });

  test('given an old program on PATH and our own copy / when it is looked for / then our copy is taken', async () => {
    const { cacheDir, bin } = await machine({
      'bin/nats-server': 'nats-server: v2.9.10',
      'cache/tools/nats-server/usr/sbin/nats-server': 'nats-server: v2.10.27',
    });
    const found = await findTool('nats-server', { env: { PATH: bin }, cacheDir });
    expect(found).toMatchObject({ kind: 'found', from: 'cache', version: [2, 10, 27] });
  });

  test('given a program with libraries of its own / when it is looked for / then the script that names them is taken', async () => {
    const { cacheDir } = await machine({ 'cache/tools/redis-server/start': 'Redis server v=7.0.15 sha=00000000:0' });
    const found = await findTool('redis-server', { env: { PATH: '/nowhere' }, cacheDir });
    // A machine that has Redis in /usr/bin finds none there: PATH does not reach it.
    expect(found).toMatchObject({ path: join(cacheDir, 'tools/redis-server/start'), version: [7, 0, 15] });
  });

  test('given only an old program / when it is needed / then the refusal names it, what is wanted, and the command', async () => {
    const { cacheDir, bin } = await machine({ 'bin/nats-server': 'nats-server: v2.9.10' });
    await expect(requireTool('nats-server', { env: { PATH: bin }, cacheDir })).rejects.toMatchObject({
      code: 'tool-missing',
      facts: { observed: `${join(bin, 'nats-server')} 2.9.10`, wanted: 'nats-server 2.10 or newer' },
    });
  });

  test('given a machine without root / when a program is missing / then nothing is tried and the one command is told', async () => {
    const { cacheDir, bin } = await machine({ 'bin/qemu-img': 'qemu-img version 5.2.0' });
    const asked = ensureTools(['qemu-img'], { report: silent, cacheDir, env: { PATH: bin }, isRoot: false });
    // The machine that runs this may have a good one in /usr/bin; PATH here does not reach it.
    await expect(asked).rejects.toMatchObject({
      code: 'tool-missing',
      facts: { fix: 'sudo apt-get install -y --no-install-recommends qemu-utils' },
    });
  });

  test('given tools that are there / when they are ensured / then each is one reported line that says why', async () => {
    const { cacheDir, bin } = await machine({
      'bin/qemu-img': 'qemu-img version 7.2.22',
      'bin/nats-server': 'v2.10.27',
    });
    const lines: string[] = [];
    const found = await ensureTools(['nats-server', 'qemu-img'], {
      report: ({ step, detail }) => lines.push(`${step}: ${detail}`),
      cacheDir,
      env: { PATH: bin },
    });
    expect(found.map((tool) => tool.name)).toEqual(['nats-server', 'qemu-img']);
    expect(lines).toEqual([
      `nats-server: ${join(bin, 'nats-server')} 2.10.27, carries commands to miners and their reports back`,
      `qemu-img: ${join(bin, 'qemu-img')} 7.2.22, makes the disk of each VM`,
    ]);
  });
});

/** A directory with programs that say only their version. */
async function machine(programs: Record<string, string>): Promise<{ cacheDir: string; bin: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-tools-'));
  dirs.push(dir);
  for (const [path, says] of Object.entries(programs)) {
    const at = join(dir, path);
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, `#!/bin/sh\necho '${says}'\n`);
    await chmod(at, 0o755);
  }
  return { cacheDir: join(dir, 'cache'), bin: join(dir, 'bin') };
}
