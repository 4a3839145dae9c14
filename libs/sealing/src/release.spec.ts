import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  generateGuestKey,
  openNetworkMessage,
  openRelease,
  type ReleaseBoot,
  type ReleaseTerms,
  SealingError,
  sealRelease,
  signNetworkMessage,
} from './index.ts';
import { bootOf, guestOf, networkOf, secretsOf } from './sealing.fixture.ts';

const hybrid = 'x-wing/hkdf-sha256/aes-256-gcm';
const unlock: ReleaseTerms = { mode: 'unlock', headerSha256: 'ab'.repeat(32), minCounter: 7 };
const network = networkOf();

const sealed = async (change: Partial<Parameters<typeof sealRelease>[0]> = {}) => {
  const suite = change.suite === 'x25519/hkdf-sha256/aes-256-gcm' ? change.suite : hybrid;
  const guest = await guestOf(suite);
  const text = await sealRelease({
    ...{ boot: bootOf(), terms: unlock, secrets: secretsOf(), guestKey: guest.publicKey, suite },
    ...{ allowClassical: false, networkKey: network.privateKey },
    ...change,
  });
  const open = (as: ReleaseBoot = bootOf(), given = text) =>
    openRelease({ text: given, networkKey: network.publicKey, guestKey: guest, boot: as });
  return { guest, text, open };
};
const codeOf = async (work: Promise<unknown>): Promise<string | null> => {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof SealingError) return error.code;
    throw error;
  }
};

describe('a release', () => {
  test.each([
    [hybrid, unlock],
    [hybrid, { mode: 'format', headerSha256: null, minCounter: 0 }],
    ['x25519/hkdf-sha256/aes-256-gcm', unlock],
  ] as const)(
    'given a guest with a key of %s / when it is sealed / then it finds what was sealed',
    async (suite, terms) => {
      const { open } = await sealed({ suite, terms, allowClassical: true });
      expect(await open()).toEqual({ ...terms, secrets: secretsOf() });
    },
  );

  test('given one that fills a volume from a private image / then its key comes along for the header that is pinned, and for no other', async () => {
    const terms: ReleaseTerms = {
      ...{ mode: 'format', headerSha256: null, minCounter: 0, imageHeaderSha256: 'ef'.repeat(32) },
    };
    const secrets = { ...secretsOf(), imageKey: new Uint8Array(64).fill(3) };
    const { guest, text, open } = await sealed({ terms, secrets });
    expect(await open()).toEqual({ ...terms, secrets });
    expect(text).not.toContain(Buffer.from(secrets.imageKey).toString('base64').slice(0, 24));
    const said = openNetworkMessage(text, network.publicKey, {
      ...{ ...bootOf(), purpose: 'release', guestKeySha256: guest.sha256 },
    });
    const { imageHeaderSha256: _, ...without } = said;
    for (const body of [{ ...said, imageHeaderSha256: 'cd'.repeat(32) }, without]) {
      expect(await codeOf(open(bootOf(), signNetworkMessage(body, network.privateKey)))).toBe('release-unopened');
    }
  });

  test('given the key of a private image without its header, a header without a key, or one where nothing is filled / then nothing is sealed', async () => {
    const imageKey = new Uint8Array(64).fill(3);
    const fills: ReleaseTerms = { mode: 'format', headerSha256: null, minCounter: 0 };
    const pinned = { imageHeaderSha256: 'ef'.repeat(32) };
    expect(await codeOf(sealed({ terms: fills, secrets: { ...secretsOf(), imageKey } }))).toBe('release-malformed');
    expect(await codeOf(sealed({ terms: { ...fills, ...pinned } }))).toBe('release-malformed');
    const opens = sealed({ terms: { ...unlock, ...pinned }, secrets: { ...secretsOf(), imageKey } });
    expect(await codeOf(opens)).toBe('message-malformed');
  });

  test('given a classical suite that nobody allowed, or one that is none / then it is refused by name', async () => {
    expect(await codeOf(sealed({ suite: 'x25519/hkdf-sha256/aes-256-gcm' }))).toBe('suite-classical');
    expect(await codeOf(sealed({ suite: 'rot13' }))).toBe('suite-unknown');
  });

  test('given a key of another length, or no point of its curve / then it is refused before anything is sealed', async () => {
    for (const guestKey of [new Uint8Array(32), new Uint8Array(1_216).fill(255)]) {
      expect(await codeOf(sealed({ guestKey }))).toBe('guest-key-malformed');
    }
  });

  test.each([
    ['another network', { networkId: 'other' }],
    ['another VM', { vmId: 'other' }],
    ['another generation', { generation: 4 }],
    ['another boot', { bootId: 'other' }],
    ['another challenge', { nonce: Buffer.alloc(32, 1).toString('base64') }],
  ])('given one for %s / then it does not open', async (_what, change) => {
    const { open } = await sealed();
    expect(await codeOf(open({ ...bootOf(), ...change }))).toBe('message-other');
  });

  test('given one for another guest, even signed anew for this one / then it does not open', async () => {
    const [one, other] = [await sealed(), await sealed()];
    expect(await codeOf(one.open(bootOf(), other.text))).toBe('message-other');
    const said = openNetworkMessage(other.text, network.publicKey, {
      ...{ ...bootOf(), purpose: 'release', guestKeySha256: other.guest.sha256 },
    });
    const anew = signNetworkMessage({ ...said, guestKeySha256: one.guest.sha256 }, network.privateKey);
    expect(await codeOf(one.open(bootOf(), anew))).toBe('release-unopened');
  });

  test('given one whose open terms were changed and signed again / then the sealed part does not open', async () => {
    const { guest, text, open } = await sealed();
    const said = openNetworkMessage(text, network.publicKey, {
      ...{ ...bootOf(), purpose: 'release', guestKeySha256: guest.sha256 },
    });
    const changes = [
      { minCounter: 0 },
      { headerSha256: 'cd'.repeat(32) },
      { mode: 'format', headerSha256: null } as const,
    ];
    for (const change of changes) {
      const anew = signNetworkMessage({ ...said, ...change }, network.privateKey);
      expect(await codeOf(open(bootOf(), anew)), JSON.stringify(change)).toBe('release-unopened');
    }
  });

  test('given one / when any character of it is another / then it does not open', async () => {
    const { text, open } = await sealed();
    const change = fc.asyncProperty(
      fc.nat({ max: text.length - 1 }),
      fc.integer({ min: 1, max: 127 }),
      async (at, by) => {
        const changed = `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ by)}${text.slice(at + 1)}`;
        expect(await codeOf(open(bootOf(), changed))).toMatch(/^message-(malformed|signature)$/);
      },
    );
    await fc.assert(change, { numRuns: 300 });
  });

  test('given secrets out of bounds / then they are refused without being said', async () => {
    const secrets = secretsOf();
    const wrong = [
      { ...secrets, volumeKey: secrets.volumeKey.subarray(1) },
      { ...secrets, hostname: 'not a name' },
      { ...secrets, network: { ...secrets.network, gateway: 'fe80::1' } },
      { ...secrets, argon2: { ...secrets.argon2, memoryKib: 1 } },
    ];
    for (const one of wrong) {
      const refusal = await sealed({ secrets: one }).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'release-malformed' });
      expect(String(refusal)).not.toContain(Buffer.from(secrets.volumeKey.subarray(1)).toString('base64').slice(0, 24));
    }
  });

  test('given the text / when it is searched / then the key is in it in no form, and two of the same differ', async () => {
    const [one, other] = [await sealed(), await sealed()];
    const key = Buffer.from(secretsOf().volumeKey);
    for (const form of ['hex', 'base64', 'latin1'] as const)
      expect(one.text).not.toContain(key.toString(form).slice(0, 24));
    expect(one.text).not.toBe(other.text);
  });

  test('given a process that makes a key and opens a release / then it warns of nothing', async () => {
    const warned: string[] = [];
    const listen = (warning: Error): void => void warned.push(warning.message);
    process.on('warning', listen);
    await (await sealed()).open();
    await generateGuestKey();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(warned).toEqual([]);
  });
});
