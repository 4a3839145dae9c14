import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { movesOf, testDeciderLaws } from '../../../../test/domain/laws.ts';
import { accountId, noon, otherAccountId, sha256Of } from '../../../../test/domain/samples.ts';
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
import { demandImageUse } from './private-image.ts';

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
const registered = { type: 'ImageRegistered', digest, manifest, measurements: unmeasured } as const;
const verity = { rootHash: sha256Of('5'), salt: 'ab', dataBlocks: 2, tree: file('6') };
const privacy = { owner: accountId, headerSha256: sha256Of('7') };
const registerPrivate = { ...register, manifest: { ...manifest, verity }, privacy } as const;
const madePrivate: ImageEvent = { type: 'ImageMadePrivate', ...privacy };
const keyKept: ImageEvent = { type: 'ImageKeyKept', keyVersion: 1 };
const keyWithdrawn: ImageEvent = { type: 'ImageKeyWithdrawn', reason: 'it leaked' };
const keyDestroyed: ImageEvent = { type: 'ImageKeyDestroyed', keyVersion: 1 };
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

  test('given its owner registers an encrypted one / then it is theirs for good, and nobody registers it as anything else', () => {
    given(image)
      .when(registerPrivate)
      .thenEvents({ ...registered, manifest: registerPrivate.manifest }, madePrivate);
    given(image, registered, madePrivate).when(registerPrivate).thenNothing();
    given(image, registered, madePrivate).when(register).thenRefused('image-private');
    const theirs = { ...registerPrivate, privacy: { ...privacy, owner: otherAccountId } };
    given(image, registered, madePrivate).when(theirs).thenRefused('image-private');
    given(image, registered).when(registerPrivate).thenRefused('image-not-private');
    given(image)
      .when({ ...registerPrivate, manifest })
      .thenRefused('image-not-sealed');
  });

  test('given a private image / then its owner alone has VMs of it, and only while the vault has its key', () => {
    const stateOf = (...events: ImageEvent[]): ImageState => events.reduce<ImageState>(image.evolve, null);
    const used = (events: readonly ImageEvent[], account = accountId) => demandImageUse(stateOf(...events), account);
    const base = [registered, madePrivate] as const;
    const refused = (code: string) => expect.objectContaining({ code });
    expect(() => used([registered], otherAccountId)).not.toThrow();
    expect(() => used([...base, keyKept])).not.toThrow();
    expect(() => used([...base, keyKept], otherAccountId)).toThrow(refused('image-private'));
    expect(() => used(base)).toThrow(refused('image-key-absent'));
    for (const end of [keyWithdrawn, retired]) {
      expect(() => used([...base, keyKept, end])).toThrow(refused('image-key-destroyed'));
      expect(() => used([...base, keyKept, end, keyDestroyed])).toThrow(refused('image-key-destroyed'));
    }
  });

  test('given a private image / when its key comes, is withdrawn and destroyed / then each is told once, and no key comes again', () => {
    const base = [registered, madePrivate] as const;
    const keep = { type: 'RecordImageKeyKept', now: noon, keyVersion: 1 } as const;
    const withdraw = { type: 'WithdrawImageKey', now: noon, reason: 'it leaked' } as const;
    const destroyed = { type: 'RecordImageKeyDestroyed', now: noon, keyVersion: 1 } as const;
    given(image, ...base)
      .when(keep)
      .thenEvents(keyKept);
    given(image, ...base, keyKept)
      .when(keep)
      .thenNothing();
    given(image, ...base, keyKept)
      .when(withdraw)
      .thenEvents(keyWithdrawn);
    given(image, ...base, keyKept, keyWithdrawn)
      .when(withdraw)
      .thenNothing();
    given(image, ...base, keyKept, keyWithdrawn)
      .when(keep)
      .thenRefused('image-key-destroyed');
    given(image, ...base, keyKept)
      .when(destroyed)
      .thenNothing();
    given(image, ...base, keyKept, keyWithdrawn)
      .when(destroyed)
      .thenEvents(keyDestroyed);
    given(image, ...base, keyKept, retired)
      .when(destroyed)
      .thenEvents(keyDestroyed);
    given(image, ...base, keyKept, keyWithdrawn, keyDestroyed)
      .when(destroyed)
      .thenNothing();
    for (const command of [keep, withdraw, destroyed]) {
      given(image, registered).when(command).thenRefused('image-not-private');
      given(image).when(command).thenRefused('image-not-found');
    }
    given(image, ...base)
      .when({ ...withdraw, reason: '' })
      .thenRefused('invalid-name');
  });

  test('given none / when it is retired or asked for / then it is refused by name', () => {
    given(image).when({ type: 'RetireImage', now: noon, reason: 'x' }).thenRefused('image-not-found');
    given(image, registered).when({ type: 'RetireImage', now: noon, reason: '' }).thenRefused('invalid-name');
    expect(() => offeredImage(null, digest)).toThrow(expect.objectContaining({ code: 'image-not-found' }));
  });

  const command: fc.Arbitrary<ImageCommand> = fc.oneof(
    fc.constantFrom<ImageCommand>(
      register,
      { ...register, digest: otherDigest },
      registerPrivate,
      { ...registerPrivate, privacy: { ...privacy, owner: otherAccountId } },
      { type: 'RecordImageKeyKept', now: noon, keyVersion: 1 },
      { type: 'WithdrawImageKey', now: noon, reason: 'it leaked' },
      { type: 'RecordImageKeyDestroyed', now: noon, keyVersion: 1 },
    ),
    fc.record({
      type: fc.constant('RetireImage' as const),
      now: fc.constant(noon),
      reason: fc.constantFrom('old', ''),
    }),
  );
  testDeciderLaws({
    decider: image,
    move: movesOf<ImageState, ImageCommand>(command),
    samples: {
      ...{ ImageRegistered: [registered], ImageRetired: [retired], ImageMadePrivate: [madePrivate] },
      ...{ ImageKeyKept: [keyKept], ImageKeyWithdrawn: [keyWithdrawn], ImageKeyDestroyed: [keyDestroyed] },
    },
  });
});
