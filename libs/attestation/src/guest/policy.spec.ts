import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { simulatedProcessor } from '#simulated-processor';
import { PolicyMalformed } from '../appraisal/policy.ts';
import { LaunchRefused } from '../measure/refusals.ts';
import { guestPolicy } from './guest.fixture.ts';
import { guestLaunchDigests } from './launch.ts';
import { bootDigestOf, type GuestBootReference, newestGuestBoot, readGuestBootPolicy } from './policy.ts';

const [first = expect.fail('it names a boot')] = guestPolicy.boots;
const launch = { cmdline: 'console=ttyS0', vcpus: 2 };
const newer: GuestBootReference = {
  ...{ ...first, name: 'release 2', revision: 2, kernelSha256: '1'.repeat(64) },
  bootDigest: bootDigestOf({ kernelSha256: '1'.repeat(64), initrdSha256: first.initrdSha256 }),
};

describe('the policy guest-boot', () => {
  test.each(Object.keys(guestPolicy))('without %s is none, and says so', (member) => {
    const { [member]: _, ...rest } = guestPolicy as Record<string, unknown>;
    expect(() => readGuestBootPolicy(rest)).toThrow(PolicyMalformed);
    expect(() => readGuestBootPolicy(rest)).toThrow(new RegExp(member));
  });

  test.each<[string, object]>([
    ['a member more', { requiredGroups: [] }],
    ['no boot', { boots: [] }],
    ['a boot whose digest is not that of its files', { boots: [{ ...first, bootDigest: '0'.repeat(64) }] }],
    ['one name for two ways', { boots: [first, { ...first, cmdlineExtra: 'x' }] }],
    ['one image of two revisions', { boots: [first, { ...first, name: 'again', revision: 9 }] }],
    ['two images of one revision', { boots: [first, { ...newer, revision: first.revision }] }],
    [
      'more ways than an event has room for',
      { boots: Array.from({ length: 9 }, (_, n) => ({ ...first, name: `${n}` })) },
    ],
    ['a verdict that never ends', { maxAgeMs: 86_400_000 }],
  ])('with %s is none', (_, over) => {
    expect(() => readGuestBootPolicy({ ...guestPolicy, ...over })).toThrow(PolicyMalformed);
  });

  test('starts new boots with its newest image, in each way that is named', () => {
    expect(newestGuestBoot({ ...guestPolicy, boots: [first, newer] })).toEqual([newer]);
    expect(newestGuestBoot(guestPolicy)).toEqual(guestPolicy.boots);
  });

  test('names an image by the canonical JSON of its two files', () => {
    const text = `{"initrd":"${first.initrdSha256}","kernel":"${first.kernelSha256}"}`;
    expect(first.bootDigest).toBe(createHash('sha256').update(text).digest('hex'));
  });
});

describe('what a guest must show', () => {
  test('is what a simulated processor measures over the files of that command line', () => {
    const file = {
      ...{ firmware: Buffer.from('bios'), kernelSha256: first.kernelSha256, initrdSha256: first.initrdSha256 },
      ...{ vcpus: 2, vcpuType: 'max', commandLine: 'console=ttyS0 no_timer_check' },
    };
    expect(guestLaunchDigests(guestPolicy.boots, launch, simulatedProcessor)).toContain(
      simulatedProcessor.launchDigest(file),
    );
  });

  test('follows command line, vCPUs, image and way', () => {
    const of = (references: readonly GuestBootReference[], over = {}) =>
      guestLaunchDigests(references, { ...launch, ...over }, simulatedProcessor);
    const all = [of([first]), of([first], { cmdline: 'quiet' }), of([first], { vcpus: 1 }), of([newer])].flat();
    expect(new Set(all).size).toBe(4);
    expect(of([first, { ...first, name: 'again' }])).toHaveLength(1);
    expect(of(guestPolicy.boots)).toHaveLength(2);
  });

  test('is predicted of real firmware without its file, and not of a simulated one where none is simulated', () => {
    const layout = {
      ...{ sizeBytes: 4_096, resetEip: 0x80b004, hashTableGpa: 0x80fc00 },
      sections: [{ kind: 'kernel-hashes' as const, gpa: 0x80f000, pages: 1 }],
    };
    const firmware = {
      kind: 'ovmf' as const,
      ...{ sha256: 'a'.repeat(64), launchDigest: 'b'.repeat(96), guestFeatures: '0000000000000001' },
      layout,
    };
    const real: GuestBootReference = { ...first, firmware, vcpuType: 'EPYC-v4' };
    expect(readGuestBootPolicy({ ...guestPolicy, boots: [real] }).boots).toEqual([real]);
    expect(guestLaunchDigests([real], launch, null)[0]).toMatch(/^[\da-f]{96}$/);
    expect(guestLaunchDigests([real], launch, null)).not.toEqual(
      guestLaunchDigests([real], { ...launch, vcpus: 3 }, null),
    );
    expect(() => guestLaunchDigests([first], launch, null)).toThrow(LaunchRefused);
  });
});
