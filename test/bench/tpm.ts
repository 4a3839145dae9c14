import { type KeyObject, verify } from 'node:crypto';
import { readTpmKey, type TpmQuotePolicy, verifyTpmQuote } from '#attestation';
import { softwareAk, softwareQuote } from '../attestation/software-tpm.ts';
import { type Case, perSecond } from './pairs.ts';

const quotesPerKey = 3_000;

/** Quotes of registers 0 to 10 by a key of P-256, which is what our miners make: parsed and held against a policy, against
 *  only the signature verification. The key is read once on both sides, as an attestor does. A verification of RSA 2048 is so
 *  short that everything beside it, the same microseconds as here, is a third of the whole. */
export const tpmQuoteVerify: Case = {
  ...{ name: 'tpm-quote-verify', unit: 'quotes/s', bar: 0.85, better: 'more', pairs: 15 },
  open: async () => {
    const nonce = Buffer.alloc(32, 9);
    const indices = Array.from({ length: 11 }, (_, index) => index);
    const pcrs = indices.map((index) => ({ bank: 'sha256' as const, index, value: `${index % 10}a`.repeat(32) }));
    const made = (['p256'] as const).map((kind) => {
      const key = softwareAk({ kind });
      return { key, ak: readTpmKey(key.area), evidence: { ...softwareQuote(key, { nonce, pcrs }), pcrs } };
    });
    const policy: TpmQuotePolicy = {
      ...{ nonce, pcrs: [{ bank: 'sha256', indices }], akAttributes: 'required', sha1: 'refused' },
      previous: { clockMs: '900', resetCount: 3, restartCount: 0, firmwareVersion: '0x0000000000000102' },
      clockSafe: 'required',
    };
    const bare = made.map(({ key, evidence }) => bareOf(key.publicKey, evidence.attest, evidence.signature));
    return {
      ours: () =>
        perSecond(made.length * quotesPerKey, () => {
          for (const { ak, evidence } of made)
            for (let n = 0; n < quotesPerKey; n += 1)
              if (!verifyTpmQuote(evidence, ak, policy).ok) throw new Error('BUG: a good quote is refused');
        }),
      raw: () =>
        perSecond(made.length * quotesPerKey, () => {
          for (const verifies of bare)
            for (let n = 0; n < quotesPerKey; n += 1)
              if (!verifies()) throw new Error('BUG: a good signature is refused');
        }),
      close: async () => undefined,
    };
  },
};

const bareOf = (publicKey: KeyObject, attest: Buffer, signature: Buffer): (() => boolean) => {
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const joined = Buffer.concat([signature.subarray(6, 38), signature.subarray(40)]);
  return () => verify('sha256', attest, key, joined);
};
