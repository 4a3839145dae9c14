import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type NetworkMessage, openNetworkMessage, SealingError, signNetworkMessage } from './index.ts';
import { bootOf, networkOf } from './sealing.fixture.ts';

const network = networkOf();
const { nonce, ...boot } = bootOf();
const guestKeySha256 = 'cd'.repeat(32);
const goAhead: NetworkMessage = {
  ...{ version: 1, purpose: 'go-ahead', ...boot, nonce, guestKeySha256 },
  ...{ counter: 3, sshHostKeySha256: 'ef'.repeat(32) },
};
const access: NetworkMessage = {
  ...{ version: 1, purpose: 'access', ...boot, nonce: '', guestKeySha256 },
  ...{ keysVersion: 2, hostname: 'web-1', authorizedKeys: ['ssh-ed25519 AAAA mara'] },
};
const expected = { purpose: 'go-ahead', ...boot, nonce, guestKeySha256 } as const;
const signed = signNetworkMessage(goAhead, network.privateKey);

const codeOf = (open: () => unknown): string | null => {
  try {
    open();
    return null;
  } catch (error) {
    if (error instanceof SealingError) return error.code;
    throw error;
  }
};
const opens = (text: string, wanted: Parameters<typeof openNetworkMessage>[2] = expected): string | null =>
  codeOf(() => openNetworkMessage(text, network.publicKey, wanted));

describe('a signed message', () => {
  test('given what the network signed / when its guest opens it / then it has what was said', () => {
    expect(openNetworkMessage(signed, network.publicKey, expected)).toEqual(goAhead);
    const text = signNetworkMessage(access, network.privateKey);
    expect(openNetworkMessage(text, network.publicKey, { ...expected, purpose: 'access', nonce: '' })).toEqual(access);
  });

  test('given one / when any character of it is another / then it is not taken', () => {
    fc.assert(
      fc.property(fc.nat({ max: signed.length - 1 }), fc.integer({ min: 1, max: 127 }), (at, by) => {
        const changed = `${signed.slice(0, at)}${String.fromCharCode(signed.charCodeAt(at) ^ by)}${signed.slice(at + 1)}`;
        expect(opens(changed)).toMatch(/^message-(malformed|signature)$/);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a space before it', ` ${signed}`],
    ['a line break after it', `${signed}\n`],
    ['a member twice', signed.replace('{"body"', '{"body":"","body"')],
    ['one more member', signed.replace('{"body"', '{"also":1,"body"')],
    [
      'its members in another order',
      JSON.stringify({ signature: JSON.parse(signed).signature, body: JSON.parse(signed).body }),
    ],
    ['its signature written otherwise', signed.replace('=="}', '"}')],
    ['half a surrogate pair', signed.replace('{"body":"', '{"body":"\\ud800')],
    ['nothing', ''],
    ['nesting without end', '['.repeat(100_000)],
    ['more than is ever said', 'x'.repeat(200_000)],
  ])('given %s / then it is not taken', (_what, text) => {
    expect(opens(text)).toMatch(/^message-(malformed|signature)$/);
  });

  test.each([
    ['purpose', { ...expected, purpose: 'access' }],
    ['networkId', { ...expected, networkId: 'other' }],
    ['vmId', { ...expected, vmId: 'other' }],
    ['generation', { ...expected, generation: 4 }],
    ['bootId', { ...expected, bootId: 'other' }],
    ['nonce', { ...expected, nonce: Buffer.alloc(32, 1).toString('base64') }],
    ['guestKeySha256', { ...expected, guestKeySha256: '00'.repeat(32) }],
  ] as const)('given one for another %s / then that field is named', (field, wanted) => {
    expect(() => openNetworkMessage(signed, network.publicKey, wanted)).toThrow(
      expect.objectContaining({ code: 'message-other', message: expect.stringContaining(`another ${field}:`) }),
    );
  });

  test('given one that another network signed, or a key that is none / then it is refused', () => {
    expect(opens(signNetworkMessage(goAhead, networkOf().privateKey))).toBe('message-signature');
    expect(codeOf(() => openNetworkMessage(signed, new Uint8Array(31), expected))).toBe('network-key-malformed');
    const rsa = generateKeyPairSync('x25519').privateKey;
    expect(codeOf(() => signNetworkMessage(goAhead, rsa))).toBe('network-key-malformed');
  });

  test.each([
    ['a key of two lines', { ...access, authorizedKeys: ['ssh-ed25519 AAAA\ncommand="x" ssh-rsa B'] }],
    ['more keys than are allowed', { ...access, authorizedKeys: Array<string>(65).fill('ssh-ed25519 AAAA') }],
    ['a name that is a path', { ...access, hostname: '../etc' }],
    ['a boot that is a path', { ...goAhead, bootId: 'a/b' }],
    ['a counter below zero', { ...goAhead, counter: -1 }],
    ['a counter that is no number', { ...goAhead, counter: Number.NaN }],
    ['a challenge that is too short', { ...goAhead, nonce: 'AAAA' }],
  ])('given %s / when it is to be signed / then nobody signs it', (_what, body) => {
    expect(codeOf(() => signNetworkMessage(body, network.privateKey))).toBe('message-malformed');
  });

  test('given anything at all / when it is opened / then it is refused by code and nothing else is thrown', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.jsonValue().map((body) => JSON.stringify({ body, signature: '' })),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(opens(text)).toBe('message-malformed');
      }),
    );
  });
});
