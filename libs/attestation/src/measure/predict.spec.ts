import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { amdSevSections, ovmfImage } from '../../../../test/attestation/ovmf.ts';
import { FirmwareMemory, measureFirmware } from './firmware-digest.ts';
import type { LaunchInputs } from './inputs.ts';
import { kernelHashes } from './kernel-hashes.ts';
import { findLaunchDifferences } from './mismatch.ts';
import { explainLaunchDigest, predictLaunchDigest } from './predict.ts';
import { LaunchRefused, measureRefusals } from './refusals.ts';

const firmware = ovmfImage();
const kernel = Buffer.from('a kernel');
const initrd = Buffer.from('an initrd');
const inputs: LaunchInputs = {
  ...{ firmware, kernel, initrd, commandLine: 'root=/dev/vda ro' },
  ...{ vcpus: 2, vcpuType: 'EPYC-Milan', guestFeatures: 1n, vmm: 'qemu' },
};

const refusalOf = (changed: Partial<LaunchInputs>): LaunchRefused => {
  try {
    predictLaunchDigest({ ...inputs, ...changed });
  } catch (error) {
    if (error instanceof LaunchRefused) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('a launch digest', () => {
  test('given a firmware without sections of its own kind, then it is the chain of PAGE_INFO hashes by hand', () => {
    const sha384 = (bytes: Uint8Array): Buffer => createHash('sha384').update(bytes).digest();
    const plain = ovmfImage({
      bytes: 8192,
      sections: [
        [0x80_0000, 0x2000, 1],
        [0x80_d000, 0x1000, 2],
        [0x80_e000, 0x1000, 3],
      ],
    });
    let digest: Buffer = Buffer.alloc(48);
    const add = (type: number, gpa: bigint, contents: Buffer): void => {
      const tail = Buffer.from([0x70, 0, type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
      tail.writeBigUInt64LE(gpa, 8);
      digest = sha384(Buffer.concat([digest, contents, tail]));
    };
    const none = Buffer.alloc(48);
    add(1, 0xffff_e000n, sha384(plain.subarray(0, 4096)));
    add(1, 0xffff_f000n, sha384(plain.subarray(4096)));
    add(3, 0x80_0000n, none);
    add(3, 0x80_1000n, none);
    add(5, 0x80_d000n, none);
    add(6, 0x80_e000n, none);
    const { steps } = explainLaunchDigest({
      firmware: plain,
      vcpus: 1,
      vcpuType: 'EPYC',
      guestFeatures: 1n,
      vmm: 'qemu',
    });
    expect(steps.at(-2)?.digest).toBe(digest.toString('hex'));
    expect(steps.map(({ section, pages }) => `${section} ${pages}`)).toEqual([
      ...['firmware 2', 'sec-mem 2', 'secrets 1', 'cpuid 1', 'vcpu 1'],
    ]);
  });

  test('given any input changed, then it is another', () => {
    const changes: readonly Partial<LaunchInputs>[] = [
      {},
      { firmware: ovmfImage({ resetEip: 0x80_b008 }) },
      { kernel: Buffer.from('a kernel.') },
      { initrd: undefined },
      { commandLine: 'root=/dev/vda rw' },
      { kernel: undefined, initrd: undefined, commandLine: undefined },
      { vcpus: 3 },
      { vcpuType: 'EPYC-Genoa' },
      { guestFeatures: 0x21n },
      { vmm: 'ec2' },
      { vmm: 'gce' },
    ];
    const digests = new Set(changes.map((change) => predictLaunchDigest({ ...inputs, ...change })));
    expect(digests.size).toBe(changes.length);
  });

  test('given hashes in place of files and a signature in place of a model, then it is the same', () => {
    const hashes = kernelHashes(kernel, initrd, 'root=/dev/vda ro');
    expect(
      predictLaunchDigest({
        ...inputs,
        ...{ firmware: measureFirmware(firmware), kernel: { sha256: hashes.kernel } },
        ...{ initrd: { sha256: hashes.initrd.toUpperCase() }, vcpuType: undefined, vcpuSignature: 0xa0_0f11 },
      }),
    ).toBe(predictLaunchDigest(inputs));
  });

  test('given the same build twice, then it is hashed once and forgotten when others come', () => {
    const memory = new FirmwareMemory();
    const first = memory.measure(firmware);
    expect(memory.measure(Buffer.from(firmware))).toBe(first);
    for (let build = 0; build < 40; build += 1) memory.measure(ovmfImage({ bytes: 4096, resetEip: build }));
    expect(memory.measure(firmware)).not.toBe(first);
    expect(memory.measure(firmware)).toEqual(first);
  });
});

describe('an explanation', () => {
  test('given another command line, then the digests part at the page of kernel hashes', () => {
    const [one, other] = ['a', 'b'].map((commandLine) => explainLaunchDigest({ ...inputs, commandLine }).steps);
    const parts = one?.findIndex(({ digest }, at) => digest !== other?.[at]?.digest) ?? -1;
    expect(one?.[parts]?.section).toBe('kernel-hashes');
  });

  test.each<[string, Partial<LaunchInputs>, string, string]>([
    ['four vCPUs', { vcpus: 4 }, 'vcpus', '4'],
    ['debug swap', { guestFeatures: 0x21n }, 'guestFeatures', '0x21'],
    ['a Genoa model', { vcpuType: 'EPYC-Genoa' }, 'vcpuType', 'EPYC-Genoa'],
    ['EC2', { vmm: 'ec2' }, 'vmm', 'ec2'],
    ['no initrd', { initrd: undefined }, 'initrd', 'none'],
    ['a line break', { commandLine: 'root=/dev/vda ro\n' }, 'commandLine', '"root=/dev/vda ro\\n"'],
  ])('given a VM that was started with %s, then that input is named', (_name, change, input, observed) => {
    const measured = predictLaunchDigest({ ...inputs, ...change });
    expect(findLaunchDifferences(inputs, measured)).toContainEqual(expect.objectContaining({ input, observed }));
  });

  test('given another kernel, then no single change explains it', () => {
    const measured = predictLaunchDigest({ ...inputs, kernel: Buffer.from('another') });
    expect(findLaunchDifferences(inputs, measured)).toEqual([]);
  });
});

describe('inputs that do not fit', () => {
  test.each<[keyof typeof measureRefusals, Partial<LaunchInputs>]>([
    ['measure-kernel-hashes-missing', { firmware: ovmfImage({ sections: amdSevSections.slice(0, 5) }) }],
    ['measure-kernel-hashes-missing', { firmware: ovmfImage({ hashTableGpa: null }) }],
    ['measure-firmware-malformed', { firmware: ovmfImage({ hashTableGpa: 0x81_0ff0 }) }],
    ['measure-firmware-malformed', { firmware: Buffer.alloc(4096) }],
    ['measure-firmware-malformed', { firmware: firmware.subarray(1) }],
    ['measure-initrd-without-kernel', { kernel: undefined }],
    ['measure-vcpus-out-of-range', { vcpus: 0 }],
    ['measure-vcpus-out-of-range', { vcpus: 1_000_000_000 }],
    ['measure-vcpus-out-of-range', { vcpus: 1.5 }],
    ['measure-vcpu-type-unknown', { vcpuType: 'Skylake' }],
    ['measure-vcpu-type-unknown', { vcpuType: 'toString' }],
    ['measure-input-wrong', { guestFeatures: 1n << 64n }],
    ['measure-input-wrong', { vcpuSignature: -1 }],
    ['measure-input-wrong', { firmware: { ...measureFirmware(firmware), launchDigest: 'ab' } }],
    ['measure-input-wrong', { commandLine: 'a\0b' }],
    ['measure-input-wrong', { kernel: { sha256: 'abc' } }],
  ])('are refused as %s', (code, change) => {
    const refusal = refusalOf(change);
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(measureRefusals[code].title);
    expect(refusal.wanted).not.toBe('');
  });

  test('given a kernel and an OvmfX64 build, then the refusal names the section and the build that has it', () => {
    const refusal = refusalOf({ firmware: ovmfImage({ sections: amdSevSections.slice(0, 5) }) });
    expect(refusal.wanted).toContain('SNP_KERNEL_HASHES');
    expect(measureRefusals[refusal.code].fix).toContain('AmdSev');
  });
});
