import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createTsmProvider } from './tsm-provider.ts';

const dirs: string[] = [];
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

/** The files of one report entry, as a kernel makes them with its directory. */
const entryWith = async (attributes: Readonly<Record<string, string | Uint8Array>>): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-tsm-'));
  dirs.push(dir);
  await mkdir(join(dir, 'hcc'));
  const all = { inblob: '', generation: '1\n', provider: 'sev_guest\n', outblob: '', auxblob: '', ...attributes };
  for (const [name, value] of Object.entries(all)) await writeFile(join(dir, 'hcc', name), value);
  return dir;
};

describe('reports of the kernel', () => {
  test('given a kernel with SEV-SNP / when a report is asked for / then what it says goes in and what it gives comes out', async () => {
    const report = Buffer.alloc(1_184, 7);
    const dir = await entryWith({ outblob: report, auxblob: Buffer.from('table') });
    const reportData = Buffer.alloc(64, 3);
    const given = await createTsmProvider(dir).report(reportData);
    expect(Buffer.from(given.report).equals(report)).toBe(true);
    expect(given.certificates).toEqual({ table: Buffer.from('table').toString('base64') });
    expect(await readFile(join(dir, 'hcc', 'inblob'))).toEqual(reportData);
  });

  test('given a host without certificates / when a report is asked for / then none are made up', async () => {
    const given = await createTsmProvider(await entryWith({ outblob: 'report' })).report(Buffer.alloc(64));
    expect(given.certificates).toBeNull();
  });

  test('given reports of another technology / when one is asked for / then the machine stops', async () => {
    const provider = createTsmProvider(await entryWith({ provider: 'tdx_guest\n' }));
    await expect(provider.report(Buffer.alloc(64))).rejects.toMatchObject({ name: 'Stop', code: 'report-failed' });
  });
});
