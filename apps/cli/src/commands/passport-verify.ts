import type { KeyObject } from 'node:crypto';
import type { Command } from 'commander';
import { loadSimulatedProcessor } from '#adapters/processor';
import { type PassportReport, passportLimits, readPassport, verifyPassport } from '#passport';
import type { Cli } from '../cli.ts';
import { badAnswer, exitCodes } from '../cli-error.ts';
import { answer } from '../output/answer.ts';
import { evidenceChunks, readEvidence } from './attest/files.ts';
import { networkKeyOf, networkKeyOption } from './network-key.ts';
import { passportText } from './passport-text.ts';
import { examples, jsonOption, optionsOf } from './verbs.ts';

type VerifyFlags = { readonly networkKey?: string; readonly crl?: readonly string[] };

/** `hcc passport ...`: what needs no cluster at all. */
export const addPassportCommands = (program: Command, cli: Cli): void => {
  const passport = program.command('passport').description('passports of VMs, checked offline');
  passport
    .command('verify')
    .description("check a VM's passport again: every signature, decision and verdict, to AMD's root or a SIMULATED one")
    .argument('<file>', 'what `hcc vm passport` wrote')
    .option(...networkKeyOption)
    .option('--crl <file...>', "revocation lists of AMD's roots as of today, DER, beside those in the passport")
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc passport verify web.passport',
        'hcc passport verify web.passport --network-key network.pub --crl genoa.crl',
        'hcc passport verify web.passport --json',
      ),
    )
    .action(async (file: string, _options, command: Command) => {
      const { networkKey, crl, json } = optionsOf<VerifyFlags>(command);
      const key = networkKey === undefined ? null : await networkKeyOf(cli, networkKey);
      const revocationLists = await Promise.all((crl ?? []).map((one) => readEvidence(cli, '--crl', one)));
      const report = await verified(cli, file, { networkKey: key, revocationLists });
      answer(cli, json, report, () => passportText(report));
      if (!report.ok) cli.exit.code = exitCodes.bad;
    });
};

type Given = { readonly networkKey: KeyObject | null; readonly revocationLists: readonly Uint8Array[] };

const verified = async (cli: Cli, file: string, given: Given): Promise<PassportReport> => {
  const read = readPassport(await bytesOf(cli, file));
  if ('fault' in read) {
    throw badAnswer(read.fault.code, `${file} is no passport that can be read`, {
      observed: read.fault.detail,
      wanted: 'the bytes that `hcc vm passport` wrote, every one as it was',
    });
  }
  return verifyPassport(read.passport, { ...given, simulated: await simulated() });
};

/** No more of a file than a passport may have, and one byte to see that it has more. */
const bytesOf = async (cli: Cli, file: string): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of evidenceChunks(cli, 'the passport', file)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > passportLimits.bytesMax) break;
  }
  return Buffer.concat(chunks);
};

/** A production build is without one; then the launches of a simulated network are taken on its word. */
const simulated = async (): Promise<Awaited<ReturnType<typeof loadSimulatedProcessor>> | null> => {
  try {
    return await loadSimulatedProcessor();
  } catch {
    return null;
  }
};
