import { describe, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { noon, sha256Of } from '../../../../test/domain/samples.ts';
import { digest, otherDigest } from '../../../../test/domain/vm-story.ts';
import { mebibyte } from '../values/size.ts';
import { type ImageManifest, image } from './image.ts';

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

describe('an image', () => {
  test('given nothing / when it is registered / then it is, once', () =>
    given(image).when(register).thenEvents({ type: 'ImageRegistered', digest, manifest }));

  test('given its stream / when another digest is registered there / then that is refused', () =>
    given(image, { type: 'ImageRegistered', digest, manifest })
      .when({ ...register, digest: otherDigest })
      .thenRefused('image-exists-with-other-content'));
});
