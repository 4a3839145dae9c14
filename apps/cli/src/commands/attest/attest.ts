import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { addMeasure } from './measure.ts';
import { addShow } from './show.ts';
import { addVerifyIma } from './verify-ima.ts';
import { addVerifySnp } from './verify-snp.ts';
import { addVerifyTpm } from './verify-tpm.ts';

/** `hcc attest ...`: evidence in a person's own files, read and judged on this machine. Asks nobody. */
export const addAttestCommands = (program: Command, cli: Cli): void => {
  const attest = program.command('attest').description('read and judge attestation evidence in files, offline');
  const verify = attest
    .command('verify')
    .description('whether evidence holds: every check with what was seen and wanted');
  addVerifySnp(verify, cli);
  addVerifyTpm(verify, cli);
  addVerifyIma(verify, cli);
  addShow(attest, cli);
  addMeasure(attest, cli);
};
