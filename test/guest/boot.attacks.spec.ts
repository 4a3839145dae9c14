import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KnownVm } from './network-side.ts';
import { lastWords, missingTools, openScene, type Scene } from './scene.ts';

const missing = await missingTools();
const reason = missing === '' ? '' : ` (skipped: no ${missing})`;

describe.skipIf(missing !== '')(
  `attacks on a boot that is not its first, on a real QEMU${reason}`,
  { timeout: 180_000 },
  () => {
    let scene: Scene;
    let vm: KnownVm;

    beforeAll(async () => {
      scene = await openScene();
      vm = await scene.newVm();
      const boot = await scene.boot(vm);
      await boot.ready;
      await boot.kill();
    }, 300_000);
    afterAll(() => scene?.close());

    test('given a release of an earlier boot / when it is given to this one / then it ends before any disk is opened', async () => {
      const earlier: { message?: unknown } = {};
      const first = await scene.boot(vm, {
        answer: async (ask, honest) => {
          const answer = await honest();
          if (ask.what === 'release') earlier.message = answer;
          return ask.what === 'release' ? undefined : answer;
        },
      });
      await expect.poll(() => earlier.message, { timeout: 120_000 }).toBeDefined();
      await first.kill();
      const replayed = await scene.boot(vm, {
        answer: async (ask, honest) => (ask.what === 'release' ? earlier.message : honest()),
      });
      expect(await lastWords(replayed)).toMatch(/^message-other: the message is for another bootId/);
    });

    test('given a second keyslot in its header / when it boots / then it ends and says so', async () => {
      const volumePath = await scene.copyOfVolume(vm);
      await scene.cryptsetup(vm, 'luksFormat', volumePath);
      await scene.cryptsetup(vm, 'luksAddKey', volumePath);
      expect(await lastWords(await scene.boot(vm, { volumePath }))).toMatch(/^header-refused: keyslot-count/);
    });
  },
);
