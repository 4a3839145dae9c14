import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { addMeasure } from './measure.ts';
import { addRejudge } from './rejudge.ts';
import { addShow } from './show.ts';
import { addVerifyGuest } from './verify-guest.ts';
import { addVerifyIma } from './verify-ima.ts';
import { addVerifySnp } from './verify-snp.ts';
import { addVerifyTpm } from './verify-tpm.ts';

/** `hcc attest ...`: evidence, read and judged on this machine: a person's own files, or what an attestor kept. */
export const addAttestCommands = (program: Command, cli: Cli): void => {
  const attest = program.command('attest').description('read and judge attestation evidence in files, on this machine');
  const verify = attest
    .command('verify')
    .description('whether evidence holds: every check with what was seen and wanted');
  addVerifySnp(verify, cli);
  addVerifyTpm(verify, cli);
  addVerifyIma(verify, cli);
  addVerifyGuest(verify, cli);
  addRejudge(attest, cli);
  addShow(attest, cli);
  addMeasure(attest, cli);
};
