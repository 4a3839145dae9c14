import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { movesOf, testDeciderLaws } from '../../../../test/domain/laws.ts';
import { noon, sha256Of } from '../../../../test/domain/samples.ts';
import { digest, otherDigest } from '../../../../test/domain/vm-story.ts';
import { mebibyte } from '../values/size.ts';
import {
  type ImageCommand,
  type ImageEvent,
  type ImageManifest,
  type ImageState,
  image,
  offeredImage,
  registeredImage,
  unmeasured,
} from './image.ts';

const file = (digit: string) => ({ sha256: sha256Of(digit), bytes: 1_000 });
const manifest: ImageManifest = {
  manifestVersion: 1,
  name: 'tiny',
  version: '1',
  architecture: 'x86_64',
  kernel: file('1'),
  initrd: file('2'),
  rootfs: file('3'),
  cmdline: 'console=ttyS0',
  sshUser: 'root',
  minMemoryBytes: 128 * mebibyte,
  packages: [{ name: 'busybox', version: '1.36', sha256: sha256Of('4') }],
};
const register = { type: 'RegisterImage', now: noon, digest, manifest } as const;
const registered: ImageEvent = { type: 'ImageRegistered', digest, manifest, measurements: unmeasured };
const retired: ImageEvent = { type: 'ImageRetired', reason: 'kernel has a hole' };

describe('an image', () => {
  test('given nothing / when it is registered / then it is, once, and says that nothing of it is measured', () =>
    given(image).when(register).thenEvents(registered));

  test('given its stream / when another digest is registered there / then that is refused', () =>
    given(image, registered)
      .when({ ...register, digest: otherDigest })
      .thenRefused('image-exists-with-other-content'));

  test('given a registered one / when it is retired / then new VMs are refused it, and those that have it are not', () => {
    given(image, registered).when({ type: 'RetireImage', now: noon, reason: 'kernel has a hole' }).thenEvents(retired);
    const state = image.evolve(image.evolve(null, registered), retired);
    expect(() => offeredImage(state, digest)).toThrow(expect.objectContaining({ code: 'image-retired' }));
    expect(registeredImage(state, digest)).toEqual(manifest);
    expect(offeredImage(image.evolve(null, registered), digest)).toEqual(manifest);
  });

  test('given a retired one / when the bootstrap registers it again / then it stays retired', () =>
    given(image, registered, retired).when(register).thenNothing());

  test('given none / when it is retired or asked for / then it is refused by name', () => {
    given(image).when({ type: 'RetireImage', now: noon, reason: 'x' }).thenRefused('image-not-found');
    given(image, registered).when({ type: 'RetireImage', now: noon, reason: '' }).thenRefused('invalid-name');
    expect(() => offeredImage(null, digest)).toThrow(expect.objectContaining({ code: 'image-not-found' }));
  });

  const command: fc.Arbitrary<ImageCommand> = fc.oneof(
    fc.constantFrom<ImageCommand>(register, { ...register, digest: otherDigest }),
    fc.record({
      type: fc.constant('RetireImage' as const),
      now: fc.constant(noon),
      reason: fc.constantFrom('old', ''),
    }),
  );
  testDeciderLaws({
    decider: image,
    move: movesOf<ImageState, ImageCommand>(command),
    samples: { ImageRegistered: [registered], ImageRetired: [retired] },
  });
});
