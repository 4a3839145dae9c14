import { join } from 'node:path';
import { z } from 'zod';
import { type ImaQuotedPcr, Malformed, parseTpmQuote, splitPcrValues, verifyTpmQuote } from '#attestation';
import { CaseFileError, readCaseFile, readManifest } from './case.ts';
import { akAttributesOf, readKeyFile } from './tpm-files.ts';

const quoteRow = z.looseObject({
  attest: z.string(),
  signature: z.string(),
  ak: z.string(),
  pcr_values: z.string(),
  nonce: z
    .string()
    .regex(/^([\da-f]{2})*$/i)
    .nullish(),
});

/**
 * PCR 10 of the quote with this id in the folder `tpm` beside `dir`, once it verified; else a sentence that says why not.
 * A quote that is not there is a file that cannot be read, and no verdict.
 */
export const quotedPcr10 = async (dir: string, id: string): Promise<readonly ImaQuotedPcr[] | string> => {
  const tpm = join(dir, '..', 'tpm');
  const found = (await readManifest(tpm))?.cases.find((one) => one.id === id);
  if (found === undefined) throw new CaseFileError(`there is no quote ${id} in the folder tpm beside this one`);
  const row = quoteRow.parse(found);
  try {
    const attest = await readCaseFile(tpm, row.attest);
    const signature = await readCaseFile(tpm, row.signature);
    const values = splitPcrValues(parseTpmQuote(attest).selection, await readCaseFile(tpm, row.pcr_values));
    const ak = await readKeyFile(tpm, row.ak);
    const verified = verifyTpmQuote({ attest, signature, pcrs: values ?? [] }, ak, {
      nonce: row.nonce == null ? 'unchecked' : Buffer.from(row.nonce, 'hex'),
      pcrs: 'unchecked',
      akAttributes: akAttributesOf(ak),
      sha1: 'allowed',
      previous: 'first-quote',
      clockSafe: 'unchecked',
    });
    if (!verified.ok) return `quote ${id}: ${verified.refusals.map(({ code }) => code).join(', ')}`;
    const pcr10 = verified.claims.pcrs.filter(({ index }) => index === 10);
    return pcr10.length > 0 ? pcr10.map(({ bank, value }) => ({ bank, value })) : `quote ${id} has no PCR 10`;
  } catch (error) {
    if (error instanceof Malformed) return `quote ${id}: ${error.message}`;
    throw error;
  }
};
