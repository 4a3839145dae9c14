import { constants, generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { natural, objectIdentifier, time } from './der-writer.ts';
import { simulatedProcessor } from './index.ts';
import { rootForSpecs, rootNotAfterMs, rootNotBeforeMs } from './root.fixture.ts';
import { readRoot, spkiOf, writeRoot } from './root.ts';

const { chipIdOf, issueVcek, generateChipKey } = simulatedProcessor;
const tcb = { bootloader: 4, tee: 0, snp: 22, microcode: 219 };
const dates = { notBeforeMs: rootNotBeforeMs, notAfterMs: rootNotAfterMs };

describe('a simulated root', () => {
  test('given its certificates, then an unrelated reader sees a chain that says what it is', async () => {
    const root = await rootForSpecs();
    const [ark, ask] = [new X509Certificate(root.ark), new X509Certificate(root.ask)];
    const chip = await generateChipKey();
    const vcek = new X509Certificate(issueVcek(root, { publicKeySpki: spkiOf(chip), tcb, ...dates }));
    expect([ark.verify(ark.publicKey), ask.verify(ark.publicKey), vcek.verify(ask.publicKey)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([ark.checkIssued(ark), ask.checkIssued(ark), vcek.checkIssued(ask)]).toEqual([true, true, true]);
    for (const one of [ark, ask, vcek])
      expect(one.subject).toMatch(/O=SIMULATED secure processor that protects nothing/);
    expect([ark.ca, ask.ca, vcek.ca]).toEqual([true, true, false]);
    expect(vcek.publicKey.asymmetricKeyDetails?.namedCurve).toBe('secp384r1');
    expect(Date.parse(ark.validTo)).toBe(rootNotAfterMs);
    expect(vcek.raw.includes(Buffer.from(chipIdOf(spkiOf(chip))))).toBe(true);
  });

  test('given its text, when it is read again, then it is the same root', async () => {
    const root = await rootForSpecs();
    const again = readRoot(writeRoot(root));
    expect(Buffer.from(again.ark).equals(root.ark) && Buffer.from(again.ask).equals(root.ask)).toBe(true);
    const bytes = Buffer.from('anything');
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };
    const list = simulatedProcessor.issueRevocationList(again, {
      thisUpdateMs: rootNotBeforeMs,
      nextUpdateMs: rootNotAfterMs,
      revokesAsk: true,
    });
    expect(list.length).toBeGreaterThan(512);
    expect(verify('sha384', bytes, { key: new X509Certificate(root.ark).publicKey, ...pss }, Buffer.alloc(512))).toBe(
      false,
    );
  });

  test('given keys of other certificates, a piece missing or no root at all, then reading it is refused', async () => {
    const text = writeRoot(await rootForSpecs());
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    const withOther = text.replace(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/, other.toString());
    expect(() => readRoot(withOther)).toThrow(/ARK is not that of its certificate/);
    expect(() => readRoot(text.slice(0, -200))).toThrow(/no simulated root/);
    expect(() => readRoot('')).toThrow(/no simulated root/);
    expect(() => readRoot(text + other)).toThrow(/two keys/);
  });

  test('given a chip key that is not on P-384, then it gets no certificate', async () => {
    const root = await rootForSpecs();
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicKeySpki = publicKey.export({ type: 'spki', format: 'der' });
    expect(() => issueVcek(root, { publicKeySpki, tcb, ...dates })).toThrow(/prime256v1/);
  });
});

describe('what is written in DER', () => {
  test('a natural number is never negative and never padded', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 200n }), (value) => {
        const [tag, length = 0, ...content] = natural(value);
        expect([tag, length]).toEqual([0x02, content.length]);
        expect((content[0] ?? 0xff) < 0x80).toBe(true);
        if (content.length > 1 && content[0] === 0) expect(content[1]).toBeGreaterThanOrEqual(0x80);
        expect(BigInt(`0x${Buffer.from(content).toString('hex')}`)).toBe(value);
      }),
    );
  });

  test('identifiers and times have their known forms', () => {
    expect(Buffer.from(objectIdentifier('1.2.840.113549.1.1.10')).toString('hex')).toBe('06092a864886f70d01010a');
    expect(Buffer.from(time(Date.UTC(2049, 11, 31, 23, 59, 59))).toString('latin1')).toBe('\x17\x0d491231235959Z');
    expect(Buffer.from(time(Date.UTC(2050, 0, 1))).toString('latin1')).toBe('\x18\x0f20500101000000Z');
  });
});
