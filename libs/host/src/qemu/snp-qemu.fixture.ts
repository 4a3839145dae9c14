import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isHostError } from '../errors.ts';
import { run } from '../exec.ts';
import { silent } from '../report.ts';
import { aptSourceFor, unpackDeb } from '../tools/apt.ts';
import { findTool } from '../tools/find-tool.ts';

/** A QEMU that knows `sev-snp-guest`, or why there is none. */
export type SnpQemu =
  | { readonly kind: 'found'; readonly command: string; readonly args: readonly string[] }
  | { readonly kind: 'missing'; readonly reason: string };

/** The machine's own QEMU when it knows SEV-SNP; else Debian 13's, fetched once with all its libraries into our cache
 *  and run by its own loader, so that this machine's libc does not matter. */
export async function findSnpQemu(cacheDir: string): Promise<SnpQemu> {
  const own = await findTool('qemu-system-x86_64');
  if (own.kind === 'found') {
    const here: SnpQemu = { kind: 'found', command: own.path, args: [] };
    if (await knowsSnp(here)) return here;
  }
  const root = join(cacheDir, 'test', 'qemu-trixie');
  try {
    await access(join(root, 'usr', 'bin', 'qemu-system-x86_64')).catch(() => fetchTrixieQemu(root));
  } catch (error) {
    if (!isHostError(error)) throw error;
    return { kind: 'missing', reason: `no QEMU that knows sev-snp-guest: ${error.message.slice(0, 200)}` };
  }
  const lib = join(root, 'usr', 'lib', 'x86_64-linux-gnu');
  const args = ['--library-path', lib, join(root, 'usr', 'bin', 'qemu-system-x86_64')];
  const firmware = ['qemu', 'seabios'].flatMap((name) => ['-L', join(root, 'usr', 'share', name)]);
  const fetched: SnpQemu = { kind: 'found', command: join(lib, 'ld-linux-x86-64.so.2'), args: [...args, ...firmware] };
  return (await knowsSnp(fetched)) ? fetched : { kind: 'missing', reason: "Debian 13's QEMU does not run here" };
}

async function knowsSnp(qemu: SnpQemu): Promise<boolean> {
  if (qemu.kind === 'missing') return false;
  return run(qemu.command, [...qemu.args, '-object', 'sev-snp-guest,help']).then(
    () => true,
    () => false,
  );
}

/** 38 MB: QEMU, its libraries and their libc. Complete in `root` or not there at all. */
async function fetchTrixieQemu(root: string): Promise<void> {
  await mkdir(join(root, '..'), { recursive: true });
  const work = await mkdtemp(`${root}.`);
  try {
    const source = await aptSourceFor('trixie', work, { report: silent });
    await writeFile(join(work, 'status'), '');
    const options = [...source.options, '-o', `Dir::State::status=${join(work, 'status')}`, '-o', 'Debug::NoLocking=1'];
    const install = ['install', '-y', '--download-only', '--no-install-recommends', 'qemu-system-x86'];
    await run('apt-get', ['-q', ...options, ...install], { timeoutMs: 120_000 });
    const archives = join(work, 'cache', 'archives');
    const debs = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
    for (const deb of debs) await unpackDeb(join(archives, deb), join(work, 'root'));
    await rename(join(work, 'root'), root);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
