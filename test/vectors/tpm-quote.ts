import { z } from 'zod';
import {
  Malformed,
  type PcrSelection,
  type PcrValue,
  parseTpmQuote,
  parseTpmSignature,
  replayEventLog,
  splitPcrValues,
  type TpmKey,
  type TpmQuoteEvidence,
  type TpmQuotePolicy,
  type Verified,
  verifyAzureRuntime,
  verifyTpmQuote,
} from '#attestation';
import { type Judged, readCaseFile } from './case.ts';
import { akAttributesOf, readKeyFile } from './tpm-files.ts';

const hex = z.string().regex(/^([\da-f]{2})*$/i);
const bank = z.enum(['sha1', 'sha256', 'sha384', 'sha512']);
const quoteRow = z.looseObject({
  attest: z.string(),
  signature: z.string(),
  ak: z.string(),
  ak_name: hex.nullish(),
  pcr_values: z.string().nullish(),
  pcr_values_hex: z.array(hex).nullish(),
  nonce: hex.nullish(),
  requested: z.string().nullish(),
  eventlog: z.string().nullish(),
  hcl_report: z.string().nullish(),
  runtime_json: z.string().nullish(),
  facts: z.looseObject({}).nullish(),
  expect: z
    .looseObject({ signature: z.boolean().nullish(), nonce: z.boolean().nullish(), pcr_digest: z.boolean().nullish() })
    .nullish(),
});
type QuoteRow = z.infer<typeof quoteRow>;

/** A quote: valid when its key signed it and may, and it says what the verifier of the row asked for. SHA-1 is the strict policy's. */
export const judgeTpmQuote = async (dir: string, unparsed: unknown): Promise<Judged> => {
  const row = quoteRow.parse(unparsed);
  const [attest, signature, ak] = await Promise.all([
    readCaseFile(dir, row.attest),
    readCaseFile(dir, row.signature),
    readKeyFile(dir, row.ak),
  ]);
  const joined = row.pcr_values ? await readCaseFile(dir, row.pcr_values) : new Uint8Array();
  const evidence: TpmQuoteEvidence = { attest, signature, pcrs: valuesOf(attest, joined) };
  const policy = policyOf(row, ak);
  const verified = verifyTpmQuote(evidence, ak, policy);
  const beside = [
    ...namedOtherwise(row, ak),
    ...(await bootDiffers(dir, row, evidence)),
    ...(await unbound(dir, row, ak)),
  ];
  const strict = verifyTpmQuote(evidence, ak, { ...policy, akAttributes: 'required', sha1: 'refused' });
  const refused = verified.ok ? [] : verified.refusals.map(({ code, observed }) => `${code} (${observed})`);
  const valid = verified.ok && beside.length === 0;
  return {
    got: valid ? 'valid' : 'invalid',
    reason: valid ? saidOf(verified) : [...refused, ...beside].join('; '),
    policyVerdict: valid && strict.ok && row.nonce ? 'accept' : 'reject',
    disagreements: [...factsThatDiffer(row, evidence, joined), ...outcomesThatDiffer(row, verified)],
  };
};

const policyOf = (row: QuoteRow, ak: TpmKey): TpmQuotePolicy => ({
  nonce: typeof row.nonce === 'string' ? Buffer.from(row.nonce, 'hex') : 'unchecked',
  pcrs: row.requested ? requestedOf(row.requested) : 'unchecked',
  akAttributes: akAttributesOf(ak),
  sha1: 'allowed',
  previous: 'first-quote',
  clockSafe: 'unchecked',
});

const requestedOf = (text: string): readonly PcrSelection[] =>
  text.split('+').map((part) => {
    const [name, numbers] = part.split(':');
    return {
      bank: bank.parse(name?.toLowerCase()),
      indices: (numbers ?? '').split(',').map((one) => z.coerce.number().parse(one)),
    };
  });

const valuesOf = (attest: Uint8Array, joined: Uint8Array): readonly PcrValue[] => {
  try {
    return splitPcrValues(parseTpmQuote(attest).selection, joined) ?? [];
  } catch (error) {
    if (error instanceof Malformed) return [];
    throw error;
  }
};

const saidOf = (verified: Verified<unknown>): string =>
  verified.checks.map(({ code, outcome }) => (outcome === 'passed' ? code : `${code} unchecked`)).join(', ');

const namedOtherwise = (row: QuoteRow, ak: TpmKey): readonly string[] =>
  row.ak_name && ak.name !== null && ak.name !== row.ak_name.toLowerCase() ? [`the key's name is ${ak.name}`] : [];

/** Firmware and loader extend PCR 0 to 9; what comes later extends others too. */
const bootDiffers = async (dir: string, row: QuoteRow, { pcrs }: TpmQuoteEvidence): Promise<readonly string[]> => {
  if (!row.eventlog) return [];
  const replayed = replayEventLog(await readCaseFile(dir, row.eventlog)).pcrs.filter(({ index }) => index <= 9);
  const both = pcrs.flatMap((quoted) => {
    const other = replayed.find((one) => one.bank === quoted.bank && one.index === quoted.index);
    return other === undefined ? [] : [{ quoted, other }];
  });
  if (both.length === 0) return ['the event log has none of the quoted registers'];
  const different = both.filter(({ quoted, other }) => quoted.value !== other.value);
  return different.map(({ quoted }) => `the event log leads to another ${quoted.bank}:${quoted.index}`);
};

/** An Azure HCL report is a 32-byte header and the SNP report, whose REPORT_DATA is at 0x50. */
const unbound = async (dir: string, row: QuoteRow, ak: TpmKey): Promise<readonly string[]> => {
  if (!row.hcl_report || !row.runtime_json) return [];
  const [hcl, runtimeData] = [await readCaseFile(dir, row.hcl_report), await readCaseFile(dir, row.runtime_json)];
  const bound = verifyAzureRuntime({ runtimeData, reportData: hcl.subarray(32 + 0x50, 32 + 0x90) }, ak);
  return bound.ok ? [] : bound.refusals.map(({ code, observed }) => `${code} (${observed})`);
};

/** Where the bytes can be read, what the row says of them must be so. */
const factsThatDiffer = (row: QuoteRow, evidence: TpmQuoteEvidence, joined: Uint8Array): readonly string[] => {
  const said = row.facts ?? {};
  const read = { ...attestFacts(evidence.attest), ...signatureFacts(evidence.signature) };
  const differ = Object.entries(read).filter(([name, value]) => said[name] != null && !same(said[name], value));
  const values = row.pcr_values_hex?.join('');
  const told = values !== undefined && values.toLowerCase() !== Buffer.from(joined).toString('hex');
  return [...differ.map(([name, value]) => `${name} is ${JSON.stringify(value)}`), ...(told ? ['pcr_values_hex'] : [])];
};

const attestFacts = (bytes: Uint8Array): Readonly<Record<string, unknown>> =>
  whereReadable(() => {
    const quote = parseTpmQuote(bytes);
    return {
      magic: '0xff544347',
      type: '0x8018',
      qualified_signer: Buffer.from(quote.qualifiedSigner).toString('hex'),
      extra_data: Buffer.from(quote.extraData).toString('hex'),
      clock: Number(quote.clockMs),
      reset_count: quote.resetCount,
      restart_count: quote.restartCount,
      safe: quote.safe ? 1 : 0,
      firmware: `0x${BigInt(`0x${Buffer.from(quote.firmwareVersion).toString('hex')}`).toString(16)}`,
      pcr_select: quote.selection.map(({ bank: alg, indices }) => ({ alg, pcrs: indices })),
      pcr_digest: Buffer.from(quote.pcrDigest).toString('hex'),
    };
  });

const signatureFacts = (bytes: Uint8Array): Readonly<Record<string, unknown>> =>
  whereReadable(() => {
    const { scheme, hash } = parseTpmSignature(bytes);
    return { sig_alg: scheme.toUpperCase(), hash };
  });

const whereReadable = (read: () => Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return {};
    throw error;
  }
};

/** Digests, numbers in hexadecimal and names of algorithms may be written in either case. */
const same = (said: unknown, read: unknown): boolean =>
  JSON.stringify(said).toLowerCase() === JSON.stringify(read).toLowerCase();

const outcomesThatDiffer = (row: QuoteRow, { checks }: Verified<unknown>): readonly string[] =>
  (
    [
      ['tpm-signature', row.expect?.signature],
      ['tpm-nonce', row.expect?.nonce],
      ['tpm-pcr-digest', row.expect?.pcr_digest],
    ] as const
  ).flatMap(([code, expected]) => {
    const made = checks.find((one) => one.code === code && one.outcome !== 'unchecked');
    if (made === undefined || expected === undefined || expected === null) return [];
    return (made.outcome === 'passed') === expected ? [] : [`${code} ${made.outcome}`];
  });
