import type { Command } from 'commander';
import {
  Malformed,
  type PcrSelection,
  type PcrValue,
  parseTpmQuote,
  readTpmKey,
  showSelection,
  splitPcrValues,
  type TpmClaims,
  type Verified,
  verifyTpmQuote,
} from '#attestation';
import type { Cli } from '../../cli.ts';
import { usageError } from '../../cli-error.ts';
import { examples, jsonOption, optionsOf } from '../verbs.ts';
import { hexOption, readEvidence } from './files.ts';
import { answerReport, parsed } from './report.ts';

/** Options of a quote, where it is verified by itself and where it is what anchors a list. */
export type QuoteFlags = {
  readonly quote: string;
  readonly signature: string;
  readonly ak: string;
  readonly pcrs?: string;
  readonly nonce?: string;
  readonly akAttributes: boolean;
  readonly allowSha1?: boolean;
};

/** `hcc attest verify tpm`: whether a quote holds. */
export const addVerifyTpm = (verify: Command, cli: Cli): void => {
  verify
    .command('tpm')
    .description('whether a TPM quote is signed by a key, fresh, and over these registers')
    .requiredOption('--quote <file>', 'TPMS_ATTEST (tpm2_quote -m)')
    .requiredOption('--signature <file>', 'TPMT_SIGNATURE (tpm2_quote -s)')
    .requiredOption('--ak <file>', 'the attestation key: TPM2B_PUBLIC, TPMT_PUBLIC, or its SPKI in DER')
    .option('--pcrs <file>', 'the quoted values joined in the order of the quote (tpm2_quote -o -F values)')
    .option('--nonce <hex>', 'what you asked the TPM to sign; without it the quote may be an old one')
    .option('--allow-sha1', 'take SHA-1 as the hash of the signature or of a bank')
    .option('--no-ak-attributes', 'do not ask whether the key is restricted; an SPKI cannot say')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc attest verify tpm --quote q.attest --signature q.sig --ak ak.pub --pcrs q.pcrs --nonce 85abc770',
        'hcc attest verify tpm --quote q.attest --signature q.sig --ak ak.der --no-ak-attributes --pcrs q.pcrs --json',
      ),
    )
    .action(async (_options, command: Command) => {
      const flags = optionsOf<QuoteFlags>(command);
      const verified = await verifyQuoteFiles(cli, flags);
      const claims = verified.ok ? verified.claims : null;
      answerReport(cli, flags.json, {
        ...{ what: 'TPM quote', checks: verified.checks, claims, shown: claims === null ? [] : quoteFacts(claims) },
        notes: flags.nonce === undefined ? ['no --nonce: an old quote would pass, too'] : [],
      });
    });
};

/** A quote out of its files. Refuses by option what is no key and no hex; the quote itself is answered for. */
export const verifyQuoteFiles = async (cli: Cli, flags: QuoteFlags): Promise<Verified<TpmClaims>> => {
  const nonce = flags.nonce === undefined ? 'unchecked' : hexOption('--nonce', flags.nonce);
  const [attest, signature, akBytes] = [
    await readEvidence(cli, '--quote', flags.quote),
    await readEvidence(cli, '--signature', flags.signature),
    await readEvidence(cli, '--ak', flags.ak),
  ];
  const ak = parsed(`--ak ${flags.ak}`, () => readTpmKey(akBytes));
  const pcrs = flags.pcrs === undefined ? [] : valuesOf(attest, await readEvidence(cli, '--pcrs', flags.pcrs));
  return verifyTpmQuote({ attest, signature, pcrs }, ak, {
    ...{ nonce, pcrs: 'unchecked', akAttributes: flags.akAttributes ? 'required' : 'unchecked' },
    ...{ sha1: flags.allowSha1 === true ? 'allowed' : 'refused', previous: 'unchecked', clockSafe: 'unchecked' },
  });
};

/** Of a quote that cannot be read nothing is known; its own check says so. */
const valuesOf = (attest: Uint8Array, joined: Uint8Array): readonly PcrValue[] => {
  const selection = selectionOf(attest);
  const values = selection === null ? [] : splitPcrValues(selection, joined);
  if (selection === null || values !== undefined) return values ?? [];
  throw usageError('pcrs-length', '--pcrs does not fit the quote', {
    observed: `${joined.length} bytes`,
    wanted: `the values of ${showSelection(selection)}, joined`,
    fix: 'write them with tpm2_quote -o FILE -F values',
  });
};

const selectionOf = (attest: Uint8Array): readonly PcrSelection[] | null => {
  try {
    return parseTpmQuote(attest).selection;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};

/** What a verified quote says, for a person. */
export const quoteFacts = (claims: TpmClaims): readonly (readonly [string, string])[] => [
  ['nonce', claims.nonce || '(empty)'],
  ['key', `${claims.ak.kind}, ${claims.ak.name ?? 'no name (SPKI)'}`],
  ['signature', `${claims.signature.scheme} with ${claims.signature.hash}`],
  ['clock', `${claims.progress.clockMs} ms, ${claims.clockSafe ? 'safe' : 'not safe'}`],
  ['resets', `${claims.progress.resetCount}, restarts ${claims.progress.restartCount}`],
  ['firmware', claims.progress.firmwareVersion],
  ...claims.pcrs.map(({ bank, index, value }) => [`${bank}:${index}`, value] as const),
];
