import { hash, verify } from 'node:crypto';
import { parseTpmSignature, readTpmKey, type TpmQuotePolicy, verifyTpmQuote } from '#attestation';
import { softwareAk, softwareQuote } from '../attestation/software-tpm.ts';
import { derOf } from './ecdsa.ts';
import { type Case, perCpuSecond, warmedUp } from './pairs.ts';

const nonce = Buffer.alloc(32, 9);
const indices = Array.from({ length: 11 }, (_, index) => index);
// Text as JSON gives it. A repeated text is a tree of its parts, which every reader would walk anew, and no evidence comes as one.
const pcrs = indices.map((index) => ({
  bank: 'sha256' as const,
  index,
  value: Buffer.alloc(32, index).toString('hex'),
}));

const policy: TpmQuotePolicy = {
  ...{ nonce, pcrs: [{ bank: 'sha256', indices }], akAttributes: 'required', sha1: 'refused' },
  previous: { clockMs: '900', resetCount: 3, restartCount: 0, firmwareVersion: '0x0000000000000102' },
  clockSafe: 'required',
};

/**
 * Quotes of registers 0 to 10, parsed and held against a policy, against the signature's verification and the digest over the
 * registers, which nobody can leave out. The key is read once on both sides, as an attestor does.
 */
const quoteCase = (name: string, kind: 'p256' | 'rsa', quotes: number): Case => ({
  ...{ name, unit: 'quotes/s of CPU', bar: 0.85, better: 'more', pairs: 31 },
  open: async () => {
    const key = softwareAk({ kind });
    const ak = readTpmKey(key.area);
    const evidence = { ...softwareQuote(key, { nonce, pcrs }), pcrs };
    const values = Buffer.from(pcrs.map(({ value }) => value).join(''), 'hex');
    const signature = parseTpmSignature(evidence.signature);
    // ECDSA in DER and the key by itself: the form in which Node verifies fastest.
    const value = signature.scheme === 'ecdsa' ? derOf(signature.r, signature.s) : signature.value;
    const digest = hash('sha256', values, 'binary');
    const rateOf = (isGood: () => boolean): number =>
      perCpuSecond(quotes, () => {
        for (let n = 0; n < quotes; n += 1) if (!isGood()) throw new Error('BUG: a good quote is refused');
      });
    return warmedUp({
      ours: async () => rateOf(() => verifyTpmQuote(evidence, ak, policy).ok),
      raw: async () =>
        rateOf(() => {
          const isSigned = verify('sha256', evidence.attest, key.publicKey, value);
          return isSigned && hash('sha256', values, 'binary') === digest;
        }),
      close: async () => undefined,
    });
  },
});

/** The key our miners make. */
export const tpmQuoteEcdsa = quoteCase('tpm-quote-ecdsa-p256', 'p256', 500);

/** The key most TPMs of other hosts have. */
export const tpmQuoteRsa = quoteCase('tpm-quote-rsa-2048', 'rsa', 2_000);
