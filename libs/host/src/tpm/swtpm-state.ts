import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePrivateDir } from '../dirs.ts';
import { run } from '../exec.ts';
import type { Report } from '../report.ts';
import { requireTool, type ToolPlaces } from '../tools/find-tool.ts';
import { tpmLimits } from './limits.ts';

export type SwtpmFiles = {
  readonly dir: string;
  /** The TPM's own memory: seeds and keys. */
  readonly stateDir: string;
  readonly issuerFile: string;
  readonly rootFile: string;
};

/** Where a software TPM keeps what it has. Pure. */
export function swtpmFiles(dir: string): SwtpmFiles {
  const caDir = join(dir, 'ca');
  return {
    dir,
    stateDir: join(dir, 'state'),
    issuerFile: join(caDir, 'issuercert.pem'),
    rootFile: join(caDir, 'swtpm-localca-rootca-cert.pem'),
  };
}

/** Makes a software TPM with an endorsement certificate by an authority of its own, unless there is one already.
 *  All or nothing: a half-made one is made again. */
export async function makeSwtpm(dir: string, report: Report, places: ToolPlaces): Promise<SwtpmFiles> {
  const files = swtpmFiles(dir);
  await ensurePrivateDir(dir);
  if ((await stat(files.stateDir).catch(() => undefined)) !== undefined) return files;
  report({ step: 'swtpm', detail: `making a software TPM in ${dir}: this host has none, and says so in every quote` });
  const setup = await requireTool('swtpm_setup', places);
  const localca = await requireTool('swtpm_localca', places);
  const unfinished = join(dir, 'state.unfinished');
  for (const leftover of [unfinished, join(dir, 'ca')]) await rm(leftover, { recursive: true, force: true });
  for (const made of [unfinished, join(dir, 'ca')]) await mkdir(made, { mode: 0o700 });
  const config = await writeConfig(dir, localca);
  const asRoot = process.getuid?.() === 0 ? ['--runas', 'root'] : [];
  const args = ['--tpm2', '--tpmstate', unfinished, '--create-ek-cert', '--lock-nvram', '--pcr-banks', 'sha256'];
  await run(setup, [...args, '--config', config, ...asRoot], { timeoutMs: tpmLimits.setupTimeoutMs, cwd: dir });
  await rename(unfinished, files.stateDir);
  return files;
}

/** The authority that signs the endorsement certificate is this TPM's own, and never the machine's. */
async function writeConfig(dir: string, localca: string): Promise<string> {
  const [config, caConfig, caOptions] = ['setup.conf', 'localca.conf', 'localca.options'].map((name) =>
    join(dir, name),
  );
  if (config === undefined || caConfig === undefined || caOptions === undefined) throw new Error('BUG: three names');
  const ca = join(dir, 'ca');
  await writeFile(caOptions, '--platform-manufacturer HCC\n--platform-version 1\n--platform-model simulated\n');
  await writeFile(
    caConfig,
    [
      `statedir = ${ca}`,
      `signingkey = ${join(ca, 'signkey.pem')}`,
      `issuercert = ${join(ca, 'issuercert.pem')}`,
      `certserial = ${join(ca, 'certserial')}`,
      '',
    ].join('\n'),
  );
  const lines = [
    `create_certs_tool = ${localca}`,
    `create_certs_tool_config = ${caConfig}`,
    `create_certs_tool_options = ${caOptions}`,
    'active_pcr_banks = sha256',
    '',
  ];
  await writeFile(config, lines.join('\n'));
  return config;
}
