import { z } from 'zod';
import { Malformed, replayEventLog, type Verified, verifyTpmCertificate } from '#attestation';
import { type Judge, type Judged, readCaseFile } from './case.ts';
import { instant, judgedAtMs } from './instant.ts';
import { judgeTpmCredential } from './tpm-credential.ts';
import { certificatesIn, readRootFile } from './tpm-files.ts';
import { judgeTpmQuote } from './tpm-quote.ts';

const certificateRow = z.looseObject({
  cert: z.string(),
  intermediate: z.string().nullish(),
  root: z.string(),
  verify_at: instant.nullish(),
});
const eventLogRow = z.looseObject({
  eventlog: z.string(),
  replay: z.record(z.string(), z.record(z.string(), z.string())),
});

/** TPM: a quote, the certificate of a TPM's key, a wrapped credential or a boot log, told apart by the files a row names. */
export const judgeTpm: Judge = async (dir, row) => {
  const names = z.record(z.string(), z.unknown()).parse(row);
  try {
    if (names.attest !== undefined) return await judgeTpmQuote(dir, row);
    if (names.cert !== undefined) return await judgeCertificate(dir, certificateRow.parse(row));
    if (names.blob !== undefined) return await judgeTpmCredential(dir, row);
    return await judgeEventLog(dir, eventLogRow.parse(row));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { got: 'invalid', reason: error.message };
  }
};

const judgeCertificate = async (dir: string, row: z.infer<typeof certificateRow>): Promise<Judged> => {
  const [file, roots] = await Promise.all([readCaseFile(dir, row.cert), readRootFile(dir, row.root)]);
  const [certificate = file, ...beside] = certificatesIn(file);
  const between = row.intermediate ? certificatesIn(await readCaseFile(dir, row.intermediate)) : [];
  const intermediates = [...beside, ...between];
  const atMs = judgedAtMs(row.verify_at, [certificate, ...intermediates, ...roots]);
  const policy = { roots, atMs, role: 'unchecked', key: 'unchecked' } as const;
  const verified = verifyTpmCertificate({ certificate, intermediates }, policy);
  if (!verified.ok) return { got: 'invalid', reason: refusalsOf(verified) };
  const { role, subject, issuer } = verified.claims;
  return { got: 'valid', reason: `${role} of ${subject}, issued by ${issuer}` };
};

/** The values of the row are what the log must lead to. */
const judgeEventLog = async (dir: string, row: z.infer<typeof eventLogRow>): Promise<Judged> => {
  const { entries, pcrs } = replayEventLog(await readCaseFile(dir, row.eventlog));
  const wanted = Object.entries(row.replay).flatMap(([bank, values]) =>
    Object.entries(values).map(([index, value]) => ({ name: `${bank.toLowerCase()}:${index}`, value })),
  );
  const replayed = new Map(pcrs.map(({ bank, index, value }) => [`${bank}:${index}`, value]));
  const different = wanted.filter(({ name, value }) => replayed.get(name) !== value.toLowerCase());
  if (different.length === 0) return { got: 'valid', reason: `${entries} entries lead to ${wanted.length} values` };
  return { got: 'invalid', reason: `leads to other values of ${different.map(({ name }) => name).join(' ')}` };
};

/** The refusals of a verification, for a person. */
const refusalsOf = (verified: Verified<unknown>): string =>
  verified.ok ? '' : verified.refusals.map(({ code, observed }) => `${code} (${observed})`).join('; ');
