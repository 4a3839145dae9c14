import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ovmfImage } from '../../../../test/attestation/ovmf.ts';
import { Malformed } from '../malformed.ts';
import { parseFirmware } from './firmware.ts';
import { idAuthBytes, idBlockBytes, parseIdAuth, parseIdBlock, verifyIdBlock } from './id-block.ts';
import { measureLimits } from './limits.ts';
import { predictLaunchDigest } from './predict.ts';
import { LaunchRefused } from './refusals.ts';

const onlyMalformed = <T>(parse: () => T): T | null => {
  try {
    return parse();
  } catch (error) {
    expect(error).toBeInstanceOf(Malformed);
    return null;
  }
};

const image = ovmfImage({ bytes: 8192 });
/** Bytes of the image that are read as numbers: the metadata and the footer. */
const read = fc.oneof(
  fc.integer({ min: image.length - 0x800, max: image.length - 0x800 + 100 }),
  fc.integer({ min: image.length - 120, max: image.length - 33 }),
);

describe('the firmware parser', () => {
  test('answers every byte string with a layout or Malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.constantFrom(1, 4096), (bytes, pad) => {
        const whole = Buffer.alloc(Math.ceil(bytes.length / pad) * pad);
        whole.set(bytes, whole.length - bytes.length);
        onlyMalformed(() => parseFirmware(whole));
      }),
    );
  });

  test('given a changed image, then what it measures stays within limits and only LaunchRefused is thrown', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(read, fc.nat(255)), { minLength: 1, maxLength: 6 }), (changes) => {
        const changed = Buffer.from(image);
        for (const [at, byte] of changes) changed[at] = byte;
        const layout = onlyMalformed(() => parseFirmware(changed));
        const pages = layout?.sections.reduce((sum, section) => sum + section.pages, 0) ?? 0;
        expect(pages).toBeLessThanOrEqual(measureLimits.sectionPagesMax);
        if (pages > 1_000) return;
        try {
          predictLaunchDigest({ firmware: changed, vcpus: 1, vcpuType: 'EPYC', guestFeatures: 1n, vmm: 'qemu' });
        } catch (error) {
          expect(error).toBeInstanceOf(LaunchRefused);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('given sections of 4 GiB, then they are refused before one is hashed', () => {
    const huge = ovmfImage({ sections: [[0, 0xffff_f000, 1]] });
    expect(() => parseFirmware(huge)).toThrow(/1048575 pages/);
    const many = ovmfImage({ sections: Array.from({ length: 100 }, () => [0, 0x1000, 1] as const) });
    expect(() => parseFirmware(many)).toThrow(/count is 100/);
  });
});

const { block, auth } = signedIdBlock();

describe('the ID block parsers', () => {
  test('answer every byte string with a structure or Malformed, and verify answers it with a verdict', () => {
    const near = (length: number) => fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(new Uint8Array(length)));
    fc.assert(
      fc.property(near(idBlockBytes), near(idAuthBytes), (someBlock, someAuth) => {
        onlyMalformed(() => parseIdBlock(someBlock));
        onlyMalformed(() => parseIdAuth(someAuth));
        expect(verifyIdBlock(someBlock, someAuth).ok).toBe(false);
      }),
    );
  });

  test('given a block signed by its key and a key signed by its author, then both signatures pass', () => {
    expect(verifyIdBlock(block, auth)).toMatchObject({
      ok: true,
      claims: { block: { launchDigest: 'ab'.repeat(48), guestSvn: 7, policy: '0x30000' } },
      checks: [{ outcome: 'passed' }, { outcome: 'passed' }],
    });
  });

  test('given no author, then the author is unchecked by name', () => {
    const alone = Buffer.from(auth);
    alone.writeUInt32LE(0, 4);
    alone.fill(0, 0x680);
    expect(verifyIdBlock(block, alone)).toMatchObject({
      ...{ ok: true, claims: { authorKeyDigest: null } },
      checks: [{ outcome: 'passed' }, { code: 'measure-id-key-signature', outcome: 'unchecked' }],
    });
  });

  test('given any one bit changed, then it does not verify', () => {
    fc.assert(
      fc.property(fc.nat((idBlockBytes + idAuthBytes) * 8 - 1), (bit) => {
        const both = Buffer.concat([block, auth]);
        both.writeUInt8(both.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(verifyIdBlock(both.subarray(0, idBlockBytes), both.subarray(idBlockBytes)).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['a truncated block', block.subarray(1), auth],
    ['a longer block', Buffer.concat([block, Buffer.alloc(1)]), auth],
    ['a truncated authentication', block, auth.subarray(1)],
    ['a longer authentication', block, Buffer.concat([auth, Buffer.alloc(1)])],
  ])('given %s, then it is malformed', (_name, someBlock, someAuth) => {
    expect(verifyIdBlock(someBlock, someAuth)).toMatchObject({
      ...{ ok: false, refusals: [{ code: 'measure-id-block-malformed' }] },
    });
  });
});

function signedIdBlock(): { readonly block: Buffer; readonly auth: Buffer } {
  const idBlock = Buffer.alloc(idBlockBytes);
  idBlock.fill(0xab, 0, 48);
  idBlock.writeUInt32LE(1, 0x50);
  idBlock.writeUInt32LE(7, 0x54);
  idBlock.writeBigUInt64LE(0x3_0000n, 0x58);
  const [idKey, author] = [keyPair(), keyPair()];
  const idAuth = Buffer.alloc(idAuthBytes);
  idAuth.writeUInt32LE(1, 0);
  idAuth.writeUInt32LE(1, 4);
  idAuth.set(signature(idBlock, idKey.privateKey), 0x40);
  idAuth.set(keyOf(idKey.publicKey), 0x240);
  idAuth.set(signature(keyOf(idKey.publicKey), author.privateKey), 0x680);
  idAuth.set(keyOf(author.publicKey), 0x880);
  return { block: idBlock, auth: idAuth };
}

function keyPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' });
}

function keyOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const bytes = Buffer.alloc(0x404);
  bytes.writeUInt32LE(2, 0);
  bytes.set(Buffer.from(x, 'base64url').reverse(), 4);
  bytes.set(Buffer.from(y, 'base64url').reverse(), 4 + 72);
  return bytes;
}

function signature(bytes: Buffer, key: KeyObject): Buffer {
  const rs = sign('sha384', bytes, { key, dsaEncoding: 'ieee-p1363' });
  return Buffer.concat([rs.subarray(0, 48).reverse(), Buffer.alloc(24), rs.subarray(48).reverse()]);
}
