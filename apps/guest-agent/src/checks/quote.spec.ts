import { expect, test } from 'vitest';
import type { HostQuote } from '#guest-channel';
import { akAttributes, type QuoteForm, softwareAk, softwareQuote } from '../../../../test/attestation/software-tpm.ts';
import { checkQuote } from './quote.ts';

const ak = softwareAk({ kind: 'p256' });
const asked = Buffer.alloc(32, 7);
const values = Array.from({ length: 11 }, (_, index) => index.toString(16).padStart(2, '0').repeat(32));
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const quoted = (over: Partial<QuoteForm> = {}, by = ak): HostQuote => {
  const pcrs = values.map((value, index) => ({ bank: 'sha256' as const, index, value }));
  const { attest, signature } = softwareQuote(by, { nonce: asked, pcrs, ...over });
  return {
    ...{ attest: base64(attest), signature: base64(signature), akPublic: base64(by.area), bank: 'sha256' },
    pcrs: Object.fromEntries(values.entries()),
  };
};
const refused = (words: string) =>
  expect.objectContaining({ name: 'Refuse', code: 'tpm-quote', message: expect.stringContaining(words) });

test('given a quote over what was asked / when it is checked / then its registers and its key are told', () => {
  const good = checkQuote(quoted(), asked);
  expect(good.pcrs).toEqual(Object.fromEntries(values.entries()));
  expect(Buffer.from(good.akName).toString('hex')).toMatch(/^000b[0-9a-f]{64}$/);
});

const signAndDecrypt = softwareAk({ kind: 'p256', attributes: akAttributes | 0x0002_0000 });
const fewer = [{ bank: 'sha256' as const, index: 10, value: values[10] ?? '' }];
test.each([
  ['over something else', quoted({ nonce: Buffer.alloc(32, 8) }), 'tpm-nonce'],
  ['signed by another key', { ...quoted(), akPublic: base64(softwareAk({ kind: 'p256' }).area) }, 'tpm-signature'],
  ['with a register that was not signed', { ...quoted(), pcrs: { ...quoted().pcrs, 10: 'ff'.repeat(32) } }, 'tpm-pcr'],
  ['of one register', { ...quoted({ pcrs: fewer }), pcrs: { 10: values[10] ?? '' } }, 'tpm-pcr'],
  ['by a key that may do more', quoted({}, signAndDecrypt), 'tpm-ak-attributes'],
  ['by a key that is none', { ...quoted(), akPublic: base64(Buffer.from('no key')) }, 'attestation key is none'],
  ['that is none', quoted({ type: 0x8017 }), 'tpm-'],
])('given a quote %s / when it is checked / then it is refused by name', (_, given, words) =>
  expect(() => checkQuote(given, asked)).toThrow(refused(words)),
);

test('given a key without its TPM’s word / when it is checked / then it is refused by name', () => {
  const pem = Buffer.from(ak.publicKey.export({ type: 'spki', format: 'pem' }));
  expect(() => checkQuote({ ...quoted(), akPublic: base64(pem) }, asked)).toThrow(
    expect.objectContaining({ code: 'tpm-quote' }),
  );
});
