import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SimulatedLaunchInputs } from '#attestation';
import { firmwareDigest, launchDigest } from './launch.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const image = Buffer.alloc(8_192, 'firmware');
const inputs: SimulatedLaunchInputs = {
  firmware: image,
  kernelSha256: sha256('kernel'),
  initrdSha256: sha256('initrd'),
  commandLine: 'console=ttyS0',
  vcpus: 2,
  vcpuType: 'EPYC-v4',
};

describe('a simulated launch digest', () => {
  test('follows every one of its inputs', () => {
    const changed = [
      inputs,
      { ...inputs, firmware: Buffer.alloc(8_192, 'firmwarf') },
      { ...inputs, firmware: Buffer.alloc(4_096, 'firmware') },
      { ...inputs, kernelSha256: sha256('kerne1') },
      { ...inputs, initrdSha256: sha256('initrd with one more file') },
      { ...inputs, commandLine: 'console=ttyS0 ' },
      { ...inputs, vcpus: 1 },
      { ...inputs, vcpuType: 'EPYC-Milan' },
      { ...inputs, vcpuType: 'qemu64' },
      { ...inputs, vcpuType: 'max' },
    ].map(launchDigest);
    expect(new Set(changed).size).toBe(changed.length);
    for (const digest of changed) expect(digest).toMatch(/^[\da-f]{96}$/);
    expect(launchDigest({ ...inputs, firmware: Buffer.alloc(8_192, 'firmware') })).toBe(changed[0]);
  });

  test('is the same whether the firmware is given or what is known of it, and that is not taken for anything else', () => {
    for (const firmware of [Buffer.alloc(8_192, 'firmware'), Buffer.alloc(5_000, 7)]) {
      const known = { launchDigest: firmwareDigest(firmware) };
      expect(launchDigest({ ...inputs, firmware: known })).toBe(launchDigest({ ...inputs, firmware }));
    }
    expect(() => launchDigest({ ...inputs, firmware: { launchDigest: 'ab' } })).toThrow(/no SHA-384/);
  });

  test('follows each byte of the firmware', () => {
    const base = launchDigest(inputs);
    fc.assert(
      fc.property(fc.nat(8_191), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const firmware = Buffer.from(image);
        firmware[at] = (firmware[at] ?? 0) ^ flip;
        expect(launchDigest({ ...inputs, firmware })).not.toBe(base);
      }),
      { numRuns: 50 },
    );
  });

  test('given what QEMU would not start, then there is none', () => {
    expect(() => launchDigest({ ...inputs, vcpus: 0 })).toThrow(/vCPUs, not 0/);
    expect(() => launchDigest({ ...inputs, firmware: Buffer.alloc(0) })).toThrow(/bytes, not 0/);
    expect(() => launchDigest({ ...inputs, initrdSha256: 'ABC' })).toThrow(/no SHA-256/);
  });
});
