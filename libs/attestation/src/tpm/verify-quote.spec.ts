import { describe, expect, test } from 'vitest';
import { akAttributes, softwareAk, softwareQuote } from '../../../../test/attestation/software-tpm.ts';
import { readTpmKey } from './keys.ts';
import { tpmRefusals } from './refusals.ts';
import { type TpmQuoteEvidence, type TpmQuotePolicy, verifyTpmQuote } from './verify-quote.ts';

const nonce = Buffer.alloc(32, 5);
const pcrs = [0, 7, 10].map((index) => ({ bank: 'sha256' as const, index, value: `0${index % 10}`.repeat(32) }));
const [first] = pcrs;
const policy: TpmQuotePolicy = {
  ...{ nonce, pcrs: [{ bank: 'sha256', indices: [0, 10] }], akAttributes: 'required', sha1: 'refused' },
  ...{ previous: 'first-quote', clockSafe: 'required' },
};
const key = softwareAk({ kind: 'p256' });
const ak = readTpmKey(key.area);
const good: TpmQuoteEvidence = { ...softwareQuote(key, { nonce, pcrs }), pcrs };

const codes = (evidence: TpmQuoteEvidence, change: Partial<TpmQuotePolicy> = {}, by = ak): readonly string[] => {
  const verified = verifyTpmQuote(evidence, by, { ...policy, ...change });
  return verified.ok ? [] : verified.refusals.map(({ code }) => code);
};

describe('a TPM quote', () => {
  test.each([
    [{ kind: 'rsa' as const }],
    [{ kind: 'rsa' as const, scheme: 'rsapss' as const }],
    [{ kind: 'p256' as const }],
    [{ kind: 'p384' as const, hash: 'sha384' as const }],
  ])('given a key %o / when it quotes / then the quote verifies, and the claims say so', (form) => {
    const made = softwareAk(form);
    const quote = softwareQuote(made, { nonce, pcrs, ...('hash' in form ? { hash: form.hash } : {}) });
    const verified = verifyTpmQuote({ ...quote, pcrs: [...pcrs].reverse() }, readTpmKey(made.area), policy);
    if (!verified.ok) throw new Error(JSON.stringify(verified.refusals));
    expect(verified.claims).toMatchObject({ nonce: nonce.toString('hex'), pcrs, ak: { attributesChecked: true } });
    expect(JSON.parse(JSON.stringify(verified.claims))).toEqual(verified.claims);
  });

  test.each([
    ['another magic', softwareQuote(key, { nonce, pcrs, magic: 0xff544348 }), ['tpm-magic']],
    ['a certification', softwareQuote(key, { nonce, pcrs, type: 0x8017 }), ['tpm-type']],
    ['another nonce', softwareQuote(key, { nonce: Buffer.alloc(32), pcrs }), ['tpm-nonce']],
    ['an unsafe clock', softwareQuote(key, { nonce, pcrs, safe: 0 }), ['tpm-clock-safe']],
    ['no signature', { attest: good.attest, signature: Buffer.alloc(0) }, ['tpm-signature-form']],
  ])('given %s / when it is verified / then it is refused by that name', (_, quote, wanted) => {
    expect(codes({ ...quote, pcrs })).toEqual(wanted);
  });

  test('given values that are not the quoted ones / when they are sent / then each way is refused', () => {
    const swapped = pcrs.map((one) => (one === first ? { ...one, value: 'ff'.repeat(32) } : one));
    expect(codes({ ...good, pcrs: swapped })).toEqual(['tpm-pcr-digest']);
    const besides = { bank: 'sha256' as const, index: 4, value: '00'.repeat(32) };
    for (const sent of [
      pcrs.slice(1),
      [...pcrs, besides],
      [...pcrs, ...pcrs],
      pcrs.map((one) => ({ ...one, value: 'AA'.repeat(32) })),
      pcrs.map((one) => ({ ...one, value: '\u0130'.repeat(64) })),
      pcrs.map((one) => ({ ...one, value: `${one.value.slice(0, 62)}g0` })),
    ]) {
      expect(codes({ ...good, pcrs: sent })).toEqual(['tpm-pcr-values']);
    }
    expect(codes(good, { pcrs: [{ bank: 'sha256', indices: [10, 11] }] })).toEqual(['tpm-pcr-selection']);
  });

  test('given SHA-1 / when the policy does not take it / then bank and signature are refused; an SPKI needs a policy that says so', () => {
    const old = [{ bank: 'sha1' as const, index: 10, value: '00'.repeat(20) }];
    const evidence = { ...softwareQuote(key, { nonce, pcrs: old }), pcrs: old };
    expect(codes(evidence, { pcrs: 'unchecked' })).toEqual(['tpm-sha1']);
    expect(codes(evidence, { pcrs: 'unchecked', sha1: 'allowed' })).toEqual([]);
    const spki = readTpmKey(key.publicKey.export({ type: 'spki', format: 'der' }));
    expect(codes(good, {}, spki)).toEqual(['tpm-ak-attributes']);
    const verified = verifyTpmQuote(good, spki, { ...policy, akAttributes: 'unchecked' });
    expect(verified).toMatchObject({
      ok: true,
      claims: { ak: { form: 'spki', name: null, attributesChecked: false } },
    });
  });

  test.each([1, 4, 5, 16, 18])('given a key without attribute %i / when it quotes / then it is refused', (bit) => {
    const weak = softwareAk({ kind: 'p256', attributes: akAttributes & ~(1 << bit) });
    expect(codes({ ...softwareQuote(weak, { nonce, pcrs }), pcrs }, {}, readTpmKey(weak.area))).toEqual([
      'tpm-ak-attributes',
    ]);
  });

  test.each([
    [{ resetCount: 2 }, ['tpm-reset-count']],
    [{ restartCount: 1 }, ['tpm-restart-count']],
    [{ clockMs: 999n }, ['tpm-clock']],
    [{ firmwareVersion: 0x0101n }, ['tpm-firmware']],
    [{ resetCount: 4, restartCount: 0 }, []],
    [{ resetCount: 4, clockMs: 10n }, ['tpm-clock']],
    [{ resetCount: 4, clockMs: 10n, safe: 0 }, []],
    [{ clockMs: 2n ** 64n - 1n }, []],
    [{ firmwareVersion: 0x0102n + 2n ** 63n }, ['tpm-firmware']],
  ])('given a TPM seen before / when it comes back with %o / then going back is %o', (form, wanted) => {
    const previous = { clockMs: '1000', resetCount: 3, restartCount: 2, firmwareVersion: '0x0000000000000102' };
    const quote = softwareQuote(key, { nonce, pcrs, restartCount: 2, ...form });
    expect(codes({ ...quote, pcrs }, { previous, clockSafe: 'unchecked' })).toEqual(wanted);
  });

  test('given numbers of 64 bits / when a number would round them / then every digit is claimed and compared', () => {
    const clockMs = 2n ** 53n + 1n;
    const quote = { ...softwareQuote(key, { nonce, pcrs, clockMs, firmwareVersion: 0x00ab_0000_0000_0001n }), pcrs };
    const seen = { clockMs: `${clockMs}`, resetCount: 3, restartCount: 0, firmwareVersion: '0x00ab000000000001' };
    expect(verifyTpmQuote(quote, ak, policy)).toMatchObject({ ok: true, claims: { progress: seen } });
    expect(codes(quote, { previous: seen })).toEqual([]);
    expect(codes(quote, { previous: { ...seen, clockMs: `${clockMs + 1n}` } })).toEqual(['tpm-clock']);
  });

  test('given counts that a TPM obfuscates / when they pass the end of their width / then that is forward', () => {
    const previous = {
      clockMs: '1000',
      resetCount: 0xffff_ffff,
      restartCount: 0,
      firmwareVersion: `0x${'f'.repeat(16)}`,
    };
    const quote = softwareQuote(key, { nonce, pcrs, resetCount: 0, firmwareVersion: 0n });
    expect(codes({ ...quote, pcrs }, { previous })).toEqual([]);
  });

  test('given each refusal / when a person reads it / then title, fix and what it does not prove are sentences', () => {
    for (const words of Object.values(tpmRefusals)) {
      for (const text of Object.values(words)) expect(text).toMatch(/^\S+ .{8,}/);
    }
  });
});
