import { join } from 'node:path';
import { binaryListEntries, type HostTpm, hashFiles, measureOwnFiles, minerProgramFiles, readImaList } from '#host';
import type { BundleFile, HostMeasurements } from './ports.ts';

/** What was measured of this host: the list, and which files of the miner's own program it must hold. */
export type MeasuredHost = {
  readonly bundle: readonly BundleFile[];
  readonly list: HostMeasurements['list'];
};

/** Measures this program as it is on disk now, where nobody else does: a real TPM's list is the kernel's own, where it
 *  keeps one; else each file that changed since the last time becomes another entry and is extended into PCR 10. */
export const measureHost = async (minerDir: string, tpm: HostTpm, files?: readonly string[]): Promise<MeasuredHost> => {
  const program = files ?? (await minerProgramFiles());
  const bundle = await hashFiles(program);
  const kernels = tpm.simulated ? null : await readImaList();
  const isKernels = kernels !== null && kernels.form === 'binary-little-endian';
  const { path } = isKernels
    ? kernels
    : await measureOwnFiles({ listPath: join(minerDir, 'ima', 'binary_runtime_measurements'), files: program, tpm });
  return { bundle, list: (from) => binaryListEntries(path, from, 'LE') };
};
