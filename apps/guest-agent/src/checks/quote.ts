import { readTpmKey, type TpmKey, verifyTpmQuote } from '#attestation';
import { type HostQuote, quotedPcrs } from '#guest-channel';
import { Refuse } from '../stop.ts';
import { sayRefusals } from './words.ts';

/** A quote of the host's TPM that was seen to hold. */
export type GoodQuote = {
  readonly attest: Uint8Array;
  readonly signature: Uint8Array;
  readonly akName: Uint8Array;
  /** Quoted registers, hex by index. */
  readonly pcrs: Readonly<Record<string, string>>;
};

/** Verifies the host's quote: signed by the key beside it, which can sign nothing but what its TPM made; over exactly this
 *  nonce; the registers sent are the ones signed. Whether that key is this host's, the verifier knows. Refuses with `tpm-quote`. */
export const checkQuote = (quote: HostQuote, qualifyingData: Uint8Array): GoodQuote => {
  const ak = readKey(Buffer.from(quote.akPublic, 'base64'));
  const attest = Buffer.from(quote.attest, 'base64');
  const signature = Buffer.from(quote.signature, 'base64');
  const pcrs = Object.entries(quote.pcrs).map(([index, value]) => ({ bank: quote.bank, index: Number(index), value }));
  const verified = verifyTpmQuote({ attest, signature, pcrs }, ak, {
    nonce: qualifyingData,
    pcrs: [{ bank: quote.bank, indices: quotedPcrs }],
    akAttributes: 'required',
    sha1: 'refused',
    // This machine remembers nothing: that is the verifier's part.
    previous: 'unchecked',
    clockSafe: 'unchecked',
  });
  if (!verified.ok)
    throw new Refuse('tpm-quote', `the host's TPM quote does not hold: ${sayRefusals(verified.refusals)}`);
  if (ak.name === null)
    throw new Refuse('tpm-quote', "the host's attestation key came without its TPM's word on what it is");
  const values = verified.claims.pcrs.map(({ index, value }) => [String(index), value] as const);
  return { attest, signature, akName: Buffer.from(ak.name, 'hex'), pcrs: Object.fromEntries(values) };
};

const readKey = (bytes: Uint8Array): TpmKey => {
  try {
    return readTpmKey(bytes);
  } catch (error) {
    throw new Refuse('tpm-quote', `the host's attestation key is none: ${String(error)}`);
  }
};
