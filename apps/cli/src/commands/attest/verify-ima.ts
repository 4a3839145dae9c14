import type { Command } from 'commander';
import {
  appraiseIma,
  type Check,
  type CompiledImaPolicy,
  createImaVerifier,
  type ImaBank,
  type ImaClaims,
  type ImaQuotedPcr,
  type ImaVerifier,
  imaListForm,
  type PcrValue,
} from '#attestation';
import type { Cli } from '../../cli.ts';
import { badAnswer, usageError } from '../../cli-error.ts';
import { limits } from '../../limits.ts';
import { examples, jsonOption, optionsOf } from '../verbs.ts';
import { evidenceChunks, hexOption } from './files.ts';
import { compiledPolicy, type ImaPolicyFlags, imaPolicyOf } from './ima-policy.ts';
import { answerReport } from './report.ts';
import { type QuoteFlags, verifyQuoteFiles } from './verify-tpm.ts';

type ImaFlags = Partial<QuoteFlags> &
  ImaPolicyFlags & {
    readonly log: string;
    readonly pcr10?: string;
    readonly paddedSha1?: boolean;
    readonly listBank?: string;
  };

/** `hcc attest verify ima`: whether a measurement list is what a TPM saw, and what its files are. */
export const addVerifyIma = (verify: Command, cli: Cli): void => {
  verify
    .command('ima')
    .description('whether a Linux IMA list is whole, is what PCR 10 says, and holds files a policy knows')
    .requiredOption('--log <file>', 'ascii_runtime_measurements or binary_runtime_measurements, of any length')
    .option('--pcr10 <hex>', 'PCR 10 as you know it; its length names the bank')
    .option('--quote <file>', 'TPMS_ATTEST over PCR 10, with --signature, --ak and --pcrs')
    .option('--signature <file>', 'TPMT_SIGNATURE of the quote')
    .option('--ak <file>', 'the key of the quote')
    .option('--pcrs <file>', 'the quoted values, joined')
    .option('--nonce <hex>', 'what you asked the TPM to sign')
    .option('--allow-sha1', 'take SHA-1 as the hash of the quote or of its bank')
    .option('--no-ak-attributes', 'do not ask whether the key of the quote is restricted')
    .option('--list-bank <hash>', 'sha1, sha256, sha384 or sha512: of its template hashes; without, as the list shows')
    .option('--padded-sha1', 'take banks as kernels before 5.8 extended them')
    .option('--keys <files...>', 'keys or certificates that sign files, PEM or DER')
    .option('--policy <file>', 'a policy document in JSON')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc attest verify ima --log ascii_runtime_measurements --pcr10 ab71e76e...',
        'hcc attest verify ima --log list.bin --quote q.attest --signature q.sig --ak ak.pub --pcrs q.pcrs --policy ima.json',
      ),
    )
    .action(async (_options, command: Command) => {
      const flags = optionsOf<ImaFlags>(command);
      const policy = await imaPolicyOf(cli, flags);
      const anchor = await anchorOf(cli, flags);
      const verifier = await verifierOf(
        cli,
        flags,
        anchor,
        policy === null ? 'unchecked' : compiledPolicy(flags, policy),
      );
      const verified = verifier.finish();
      const asked = verified.ok && policy !== null ? appraiseIma(verified.claims, policy) : [];
      // Keys alone are no policy: what only a policy asks is left out.
      const wanted = flags.policy === undefined ? asked.filter(({ code }) => code.startsWith('ima-files')) : asked;
      answerReport(cli, flags.json, {
        what: 'IMA measurement list',
        checks: [...anchor.checks, ...verified.checks, ...wanted],
        claims: verified.ok ? verified.claims : null,
        shown: verified.ok ? imaFacts(verified.claims) : [],
        notes: anchor.quoted === 'unchecked' ? ['no --pcr10 and no --quote: anybody can write such a list'] : [],
      });
    });
};

type Anchor = {
  readonly quoted: 'unchecked' | readonly ImaQuotedPcr[];
  readonly bootPcrs: 'unchecked' | { readonly [bank in ImaBank]?: readonly string[] };
  readonly checks: readonly Check[];
};

const bankOfBytes: Readonly<Record<number, ImaBank>> = { 20: 'sha1', 32: 'sha256', 48: 'sha384', 64: 'sha512' };

const anchorOf = async (cli: Cli, flags: ImaFlags): Promise<Anchor> => {
  const { pcr10, quote, signature, ak } = flags;
  if (pcr10 !== undefined && quote !== undefined) {
    throw usageError('anchors-conflict', '--pcr10 and --quote say two things', { wanted: 'one of them' });
  }
  if (pcr10 !== undefined) {
    const value = hexOption('--pcr10', pcr10, Object.keys(bankOfBytes).map(Number));
    const bank = bankOfBytes[value.length] ?? 'sha256';
    return { quoted: [{ bank, value: value.toString('hex') }], bootPcrs: 'unchecked', checks: [] };
  }
  if (quote === undefined) return { quoted: 'unchecked', bootPcrs: 'unchecked', checks: [] };
  if (signature === undefined || ak === undefined) {
    throw usageError('quote-half', 'a quote alone proves nothing', { wanted: '--quote, --signature, --ak and --pcrs' });
  }
  const akAttributes = flags.akAttributes ?? true;
  const verified = await verifyQuoteFiles(cli, { ...flags, quote, signature, ak, akAttributes });
  // A quote that does not hold anchors nothing: no beginning of the list replays to no value.
  const pcrs = verified.ok ? verified.claims.pcrs : [];
  const quoted = pcrs.filter(({ index }) => index === 10).map(({ bank, value }) => ({ bank, value }));
  if (verified.ok && quoted.length === 0) {
    throw badAnswer('quote-without-pcr10', 'the quote says nothing about the list', {
      observed: pcrs.map(({ bank, index }) => `${bank}:${index}`).join(', '),
      wanted: 'a quote that covers PCR 10',
    });
  }
  return { quoted: verified.ok ? quoted : 'unchecked', bootPcrs: bootPcrsOf(pcrs), checks: verified.checks };
};

/** Only a bank of which all ten were quoted says how the machine started. */
const bootPcrsOf = (pcrs: readonly PcrValue[]): Anchor['bootPcrs'] => {
  const whole = Object.values(bankOfBytes).flatMap((bank) => {
    const values = Array.from({ length: 10 }, (_, index) =>
      pcrs.find((one) => one.bank === bank && one.index === index),
    );
    const known = values.flatMap((one) => (one === undefined ? [] : [one.value]));
    return known.length === 10 ? [[bank, known] as const] : [];
  });
  return whole.length === 0 ? 'unchecked' : Object.fromEntries(whole);
};

const verifierOf = async (
  cli: Cli,
  flags: ImaFlags,
  { quoted, bootPcrs }: Anchor,
  policy: CompiledImaPolicy | 'unchecked',
): Promise<ImaVerifier> => {
  const listBank = listBankOf(flags);
  let verifier: ImaVerifier | null = null;
  let [bytes, toldAt] = [0, cli.clock.now()];
  for await (const chunk of evidenceChunks(cli, '--log', flags.log)) {
    verifier ??= createImaVerifier({
      ...(imaListForm(chunk, listBank) ?? { form: 'ascii', listBank: listBank ?? 'sha1', hashedAs: 'as-written' }),
      ...{ banks: ['sha1', 'sha256'], quote: quoted, bootPcrs, policy },
      ...{ paddedSha1: flags.paddedSha1 === true ? 'accepted' : 'refused', progress: 'first-round', firstEntry: 0 },
    });
    verifier.push(chunk);
    bytes += chunk.length;
    if (cli.clock.now() - toldAt < limits.progressEveryMs) continue;
    toldAt = cli.clock.now();
    cli.terminal.err(`hcc: ${bytes} bytes of the list verified\n`);
  }
  if (verifier !== null) return verifier;
  throw badAnswer('list-empty', `--log ${flags.log} is empty`, {
    wanted: 'a measurement list, with its boot_aggregate',
  });
};

const listBankOf = ({ listBank }: ImaFlags): ImaBank | undefined => {
  const bank = Object.values(bankOfBytes).find((one) => one === listBank);
  if (listBank === undefined || bank !== undefined) return bank;
  const wanted = Object.values(bankOfBytes).join(', ');
  throw usageError('list-bank-unknown', '--list-bank is no hash of a list', { observed: listBank, wanted });
};

const imaFacts = (claims: ImaClaims): readonly (readonly [string, string])[] => [
  [
    'entries',
    `${claims.entries}: ${Object.entries(claims.templates)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}`,
  ],
  ['template hashes', `${claims.listBank}, lengths ${claims.hashedAs}`],
  [
    'attested',
    claims.quote === 'unchecked' ? 'unchecked' : `${claims.quote.entries} entries by ${claims.quote.banks.join(', ')}`,
  ],
  ['not yet attested', `${claims.notYetAttested.count}`],
  ['boot aggregate', claims.bootAggregate],
  ['violations', `${claims.violations.count}`],
  [
    'signatures',
    Object.entries(claims.signatures)
      .map(([name, count]) => `${count} ${name}`)
      .join(', '),
  ],
  ...Object.entries(claims.replay).map(([bank, value]) => [`PCR 10 ${bank}`, value ?? '-'] as const),
];
