import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readEvidenceFiles } from '#adapters/evidence';
import type { KeptEvidence } from '#events';
import type { Cli } from '../../cli.ts';
import { usageError } from '../../cli-error.ts';
import { readSmallFile } from '../../context.ts';

export type EvidencePlace = { readonly evidenceDir?: string; readonly evidenceKeyFile?: string };

/** The evidence an attestor kept on this machine. Refuses, by the option's name, what is not there or is no key. */
export const evidenceOf = async (
  cli: Cli,
  homeDir: string,
  { evidenceDir, evidenceKeyFile }: EvidencePlace,
): Promise<KeptEvidence> => {
  const dir = evidenceDir === undefined ? join(homeDir, 'evidence') : resolve(cli.cwd, evidenceDir);
  const file =
    evidenceKeyFile === undefined ? join(homeDir, 'secrets', 'evidence.key') : resolve(cli.cwd, evidenceKeyFile);
  if (!(await isDirectory(dir))) {
    throw usageError('evidence-missing', `there is no evidence directory ${dir}`, {
      wanted: 'the directory the attestor keeps evidence in (its HCC_EVIDENCE_DIR)',
      fix: 'run this on its machine, or name the directory by --evidence-dir',
    });
  }
  const text = (await readSmallFile(file))?.trim() ?? '';
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw usageError('evidence-key-missing', `${file} holds no evidence key`, {
      wanted: '64 hex digits: the file of HCC_EVIDENCE_KEY_FILE',
      fix: 'name it by --evidence-key-file',
    });
  }
  return readEvidenceFiles({ dir, key: Buffer.from(text, 'hex') });
};

const isDirectory = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
};
