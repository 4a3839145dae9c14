import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  openImageKey,
  openVaultAnnouncement,
  type SealedImageKey,
  SealingError,
  sealedImageKey,
  sealImageKey,
  signNetworkMessage,
  signVaultAnnouncement,
  vaultSealingKey,
} from './index.ts';
import { bootOf, networkOf } from './sealing.fixture.ts';
import { openText, signedBytes, signText } from './signed-text.ts';

const network = networkOf();
const { networkId } = bootOf();
const nonce = randomBytes(32);
const secret = randomBytes(64);
const imageKey = randomBytes(64);
const terms = { imageDigest: 'ab'.repeat(32), accountId: '22222222-2222-4222-8222-222222222222' };

const vaultKey = vaultSealingKey(secret, networkId);
const announced = async () => signVaultAnnouncement({ networkId, nonce, key: await vaultKey }, network.privateKey);
const read = (text: string, asked: Partial<{ networkId: string; nonce: Uint8Array }> = {}) =>
  openVaultAnnouncement(text, network.publicKey, { networkId, nonce, ...asked });
const handed = async () => sealImageKey(imageKey, read(await announced()), terms);
const opens = async (sealed: SealedImageKey, of: Partial<typeof terms & { networkId: string }> = {}) =>
  openImageKey(sealed, await vaultKey, { networkId, ...terms, ...of });

const codeOf = async (work: () => unknown): Promise<string | null> => {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof SealingError) return error.code;
    throw error;
  }
};
/** `text` with one of its characters changed. */
const changed = (text: string, at: number, by: number): string =>
  `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ by)}${text.slice(at + 1)}`;
const flipped = (base64: string, bit: number): string => {
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return bytes.toString('base64');
};

describe("the vault's key", () => {
  test('given the same secret / then it is the same pair, and another one of another network', async () => {
    const [one, again, other] = [
      await vaultKey,
      await vaultSealingKey(secret, networkId),
      await vaultSealingKey(secret, 'x'),
    ];
    expect(one.publicKey).toHaveLength(1_216);
    expect(Buffer.from(again.publicKey).equals(one.publicKey)).toBe(true);
    expect(again.sha256).toBe(one.sha256);
    expect(other.sha256).not.toBe(one.sha256);
  });
});

describe('the announcement of a vault', () => {
  test('given what the network signed for this question / when it is read / then it names the key', async () => {
    const { publicKey, sha256, suite } = await vaultKey;
    const seen = read(await announced());
    expect({ ...seen, publicKey: Buffer.from(seen.publicKey).toString('hex') }).toEqual({
      ...{ networkId, suite, keySha256: sha256 },
      publicKey: Buffer.from(publicKey).toString('hex'),
    });
  });

  test('given one / when any character of it is another / then it is not taken', async () => {
    const text = await announced();
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: text.length - 1 }), fc.integer({ min: 1, max: 127 }), async (at, by) => {
        expect(await codeOf(() => read(changed(text, at, by)))).toMatch(/^message-(malformed|signature)$/);
      }),
      { numRuns: 500 },
    );
  });

  test('given one of another network, of an earlier question, or signed by somebody else / then that is what is said', async () => {
    const text = await announced();
    expect(await codeOf(() => read(text, { networkId: 'other' }))).toBe('message-other');
    expect(await codeOf(() => read(text, { nonce: randomBytes(32) }))).toBe('message-other');
    const forged = signVaultAnnouncement({ networkId, nonce, key: await vaultKey }, networkOf().privateKey);
    expect(await codeOf(() => read(forged))).toBe('message-signature');
  });

  test('given a message of the network to a guest / then it is no announcement, whatever is in it', async () => {
    const boot = { ...bootOf(), guestKeySha256: 'cd'.repeat(32) };
    const goAhead = signNetworkMessage(
      { version: 1, purpose: 'go-ahead', ...boot, counter: 1, sshHostKeySha256: 'ef'.repeat(32) },
      network.privateKey,
    );
    expect(await codeOf(() => read(goAhead))).toBe('message-signature');
    const body: unknown = JSON.parse(JSON.parse(await announced()).body);
    const asMessage = { label: 'hcc-network-message-v1', charsMax: 9_999, knownKey: 'x' };
    expect(await codeOf(() => read(signText(asMessage, body, network.privateKey)))).toBe('message-signature');
  });

  test.each([
    ['a suite of another day', { suite: 'kyber-9/sha3/aegis' }, 'suite-unknown'],
    ['the suite without a post-quantum part', { suite: 'x25519/hkdf-sha256/aes-256-gcm' }, 'suite-unknown'],
    ['a key that is too short', { publicKey: 'AAAA' }, 'vault-key-malformed'],
    ['a key that is too long', { publicKey: Buffer.alloc(4_000).toString('base64') }, 'message-malformed'],
    ['another purpose', { purpose: 'release' }, 'message-malformed'],
    ['another version', { version: 2 }, 'message-malformed'],
    ['one member more', { also: 1 }, 'message-malformed'],
  ])('given one with %s / then it is refused', async (_what, change, code) => {
    const body = { ...JSON.parse(JSON.parse(await announced()).body), ...change };
    const kind = { label: 'hcc-vault-announcement-v1', charsMax: 9_999, knownKey: 'x' };
    expect(await codeOf(() => read(signText(kind, body, network.privateKey)))).toBe(code);
  });

  test('given an announced key that is no point of its curves / when a key is to be sealed to it / then nothing is', async () => {
    const broken = { ...read(await announced()), publicKey: new Uint8Array(1_216).fill(255) };
    expect(await codeOf(() => sealImageKey(imageKey, broken, terms))).toBe('vault-key-malformed');
  });

  test('given anything at all / when it is read / then it is refused by code and nothing else is thrown', async () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.jsonValue().map((body) => JSON.stringify({ body, signature: '' })),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await codeOf(() => read(text))).toBe('message-malformed');
      }),
    );
  });

  test('given anything at all under a good signature / when it is read / then it is refused by code', async () => {
    const kind = { label: 'hcc-vault-announcement-v1', charsMax: 4_096, knownKey: 'x' };
    const known = JSON.parse(JSON.parse(await announced()).body);
    const bodies = fc.oneof(
      fc.jsonValue(),
      fc
        .tuple(fc.constantFrom(...Object.keys(known)), fc.jsonValue())
        .filter(([name, value]) => name !== 'publicKey' && value !== known[name])
        .map(([name, value]) => ({ ...known, [name]: value })),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        expect(await codeOf(() => read(signText(kind, body, network.privateKey)))).toMatch(/^(message|suite)-/);
      }),
    );
    expect(() => openText(kind, 'x', network.publicKey, sealedImageKey)).toThrow(SealingError);
    expect(Buffer.from(signedBytes('a', 'bc')).toString('hex')).toBe('00000001610000000' + '26263');
  });
});

describe('the key of a private image on its way to the vault', () => {
  test('given an owner who knows the network / when they seal a key / then the vault has it, and what is sent has nothing of it', async () => {
    const [sealed, again] = [await handed(), await handed()];
    expect(Buffer.from(await opens(sealed)).equals(imageKey)).toBe(true);
    expect(sealedImageKey.parse(JSON.parse(JSON.stringify(sealed)))).toEqual(sealed);
    for (const form of ['hex', 'base64', 'latin1'] as const)
      expect(JSON.stringify(sealed)).not.toContain(imageKey.toString(form).slice(0, 24));
    expect([again.enc === sealed.enc, again.ciphertext === sealed.ciphertext]).toEqual([false, false]);
  });

  test.each([
    ['image', { imageDigest: 'cd'.repeat(32) }],
    ['account', { accountId: '33333333-3333-4333-8333-333333333333' }],
    ['network', { networkId: 'other' }],
  ])('given one for another %s / then it does not open', async (_what, of) => {
    expect(await codeOf(async () => opens(await handed(), of))).toBe('sealed-unopened');
  });

  test('given a vault whose key was made anew, or another vault / then it says that it is sealed to another key', async () => {
    const fresh = await vaultSealingKey(randomBytes(64), networkId);
    const sealed = await handed();
    const to = (keySha256: string) => openImageKey({ ...sealed, keySha256 }, fresh, { networkId, ...terms });
    expect(await codeOf(() => to(sealed.keySha256))).toBe('sealed-to-other');
    expect(await codeOf(() => to(fresh.sha256)), 'even when it is said to be to this one').toBe('sealed-unopened');
  });

  test('given a suite that the vault does not have, or a key of another length / then that is what is said', async () => {
    const sealed = await handed();
    for (const suite of ['x25519/hkdf-sha256/aes-256-gcm', 'rot13']) {
      expect(await codeOf(() => opens({ ...sealed, suite }))).toBe('suite-unknown');
    }
    const long = { ...sealed, ciphertext: Buffer.alloc(81).toString('base64') };
    expect(await codeOf(() => opens(long))).toBe('sealed-length');
    const vault = read(await announced());
    for (const bytes of [0, 63, 65]) {
      expect(await codeOf(() => sealImageKey(randomBytes(bytes), vault, terms))).toBe('sealed-length');
    }
  });

  test('given one / when any bit of what is sealed is another / then it does not open', async () => {
    const sealed = await handed();
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 8 * 1_120 - 1 }), async (bit) => {
        expect(await codeOf(() => opens({ ...sealed, enc: flipped(sealed.enc, bit) }))).toBe('sealed-unopened');
      }),
      { numRuns: 150 },
    );
    for (let bit = 0; bit < 8 * 80; bit += 1) {
      const other = { ...sealed, ciphertext: flipped(sealed.ciphertext, bit) };
      expect(await codeOf(() => opens(other)), `bit ${bit}`).toBe('sealed-unopened');
    }
  });

  test('given any other image, account or network / then it does not open', async () => {
    const sealed = await handed();
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 70 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('imageDigest', 'accountId', 'networkId'), text, async (name, value) => {
        expect(await codeOf(() => opens(sealed, { [name]: value }))).toBe('sealed-unopened');
      }),
      { numRuns: 100 },
    );
    // What ends in one field and begins the next is another pair of them, with the same letters.
    const shifted = { imageDigest: terms.imageDigest.slice(0, -1), accountId: `b${terms.accountId}` };
    expect(await codeOf(() => opens(sealed, shifted))).toBe('sealed-unopened');
  });

  test('given anything at all as what is sent / then its form is refused, or it does not open', async () => {
    const sealed = await handed();
    const anything = fc.oneof(
      fc.jsonValue(),
      fc
        .tuple(fc.constantFrom('suite', 'keySha256', 'enc', 'ciphertext'), fc.oneof(fc.jsonValue(), fc.base64String()))
        .map(([name, value]) => ({ ...sealed, [name]: value })),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const given = sealedImageKey.safeParse(value);
        if (!given.success) return;
        expect(await codeOf(() => opens(given.data))).toMatch(/^(suite-unknown|sealed-)/);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['a ciphertext that is too long', { ciphertext: Buffer.alloc(529).toString('base64') }],
    ['a ciphertext that has no key in it', { ciphertext: Buffer.alloc(15).toString('base64') }],
    ['an encapsulated key that is too long', { enc: Buffer.alloc(1_121).toString('base64') }],
    ['base64 in another form', { enc: 'AB==' }],
    ['a suite without end', { suite: 'x'.repeat(65) }],
    ['a name of a key that is none', { keySha256: 'AB' }],
    ['the key in the clear beside it', { key: imageKey.toString('base64') }],
  ])('given %s / then its form is refused', async (_what, change) => {
    expect(sealedImageKey.safeParse({ ...(await handed()), ...change }).success).toBe(false);
  });
});
