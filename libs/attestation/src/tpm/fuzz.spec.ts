import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agileLog, legacyLog } from '../../../../test/attestation/event-log.ts';
import { softwareAk, softwareEk, softwareQuote } from '../../../../test/attestation/software-tpm.ts';
import { vendorChain } from '../../../../test/attestation/tpm-ca.ts';
import { Malformed } from '../malformed.ts';
import { parseTpmQuote } from './attest.ts';
import { readTpmCertificate } from './certificate.ts';
import { replayEventLog } from './event-log.ts';
import { readTpmKey } from './keys.ts';
import { makeCredential } from './make-credential.ts';
import { parseTpmSignature } from './signature.ts';
import { type TpmQuotePolicy, verifyTpmQuote } from './verify-quote.ts';

const onlyMalformed = (parse: () => unknown): void => {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(Malformed);
  }
};

const nonce = Buffer.alloc(20, 5);
const pcrs = [{ bank: 'sha256' as const, index: 10, value: '0a'.repeat(32) }];
const key = softwareAk({ kind: 'p256' });
const ak = readTpmKey(key.area);
const quote = softwareQuote(key, { nonce, pcrs });
const policy: TpmQuotePolicy = {
  ...{ nonce: 'unchecked', pcrs: 'unchecked', akAttributes: 'unchecked', sha1: 'allowed' },
  ...{ previous: 'unchecked', clockSafe: 'unchecked' },
};

/** A good structure with some bytes changed, cut or added. */
const mutated = (good: Uint8Array) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 4 }),
      fc.nat(good.length),
      fc.uint8Array({ maxLength: 8 }),
    )
    .map(([flips, length, tail]) => {
      const bytes = Buffer.from(good);
      for (const [at, by] of flips) bytes.writeUInt8(bytes.readUInt8(at) ^ by, at);
      return Buffer.concat([bytes.subarray(0, length), tail]);
    });

const parsers: readonly (readonly [string, (bytes: Uint8Array) => unknown, Uint8Array])[] = [
  ['TPMS_ATTEST', parseTpmQuote, quote.attest],
  ['TPMT_SIGNATURE', parseTpmSignature, quote.signature],
  ['TPMT_PUBLIC', readTpmKey, key.area],
  ['SubjectPublicKeyInfo', readTpmKey, key.publicKey.export({ type: 'spki', format: 'der' })],
  ['a certificate', readTpmCertificate, vendorChain(key.publicKey).leaf.der],
  ['an event log', replayEventLog, agileLog(['sha1', 'sha256'], [{ pcr: 7, data: 'keys' }])],
  ['an older event log', replayEventLog, legacyLog([{ pcr: 7, data: 'keys' }])],
];

describe('the TPM parsers', () => {
  test.each(parsers)('answer every %s with fields or Malformed', (_, parse, good) => {
    // What is changed must be a good one, or its end is never reached.
    expect(() => parse(good)).not.toThrow();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => onlyMalformed(() => parse(bytes))));
    fc.assert(fc.property(mutated(good), (bytes) => onlyMalformed(() => parse(bytes))));
  });

  test('given a length field of the largest value / when it is read / then nothing of that size is taken', () => {
    const huge = Buffer.concat([quote.attest.subarray(0, 6), Buffer.from([0xff, 0xff]), quote.attest.subarray(8)]);
    expect(() => parseTpmQuote(huge)).toThrow(Malformed);
    expect(() => parseTpmQuote(Buffer.alloc(1_000_000))).toThrow('at most 2048');
    const log = Buffer.concat([Buffer.alloc(28), Buffer.alloc(4, 0xff), Buffer.alloc(64)]);
    expect(() => replayEventLog(log)).toThrow(Malformed);
  });
});

describe('a quote of which any bit was changed', () => {
  test('given the signed bytes or the signature / when one byte is another / then it is not accepted', () => {
    for (const name of ['attest', 'signature'] as const) {
      for (let at = 0; at < quote[name].length; at += 1) {
        const bytes = Buffer.from(quote[name]);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at & 7)), at);
        expect(verifyTpmQuote({ ...quote, pcrs, [name]: bytes }, ak, policy).ok, `${name} at ${at}`).toBe(false);
      }
    }
    expect(verifyTpmQuote({ ...quote, pcrs }, ak, policy).ok).toBe(true);
  });

  test('given anything at all / when it is verified / then there is an answer', () => {
    fc.assert(
      fc.property(mutated(quote.attest), mutated(quote.signature), (attest, signature) => {
        const { ok } = verifyTpmQuote({ attest, signature, pcrs }, ak, policy);
        if (ok) expect(attest).toEqual(quote.attest);
      }),
    );
  });
});

describe('makeCredential', () => {
  test('given other keys than an endorsement key, or a secret of another size / when asked / then it throws Malformed', () => {
    const random = (length: number) => Buffer.alloc(length, 1);
    const ek = readTpmKey(softwareEk('p384').area);
    expect(() => makeCredential(ak, nonce, nonce, random)).toThrow(Malformed);
    expect(() => makeCredential(ek, nonce, Buffer.alloc(49), random)).toThrow(Malformed);
    expect(() => makeCredential(ek, nonce, Buffer.alloc(0), random)).toThrow(Malformed);
    const made = makeCredential(ek, nonce, Buffer.alloc(48), random);
    expect(made.idObject.length).toBe(2 + 2 + 48 + 2 + 48);
    expect(makeCredential(ek, nonce, Buffer.alloc(48), random)).toEqual(made);
  });
});
