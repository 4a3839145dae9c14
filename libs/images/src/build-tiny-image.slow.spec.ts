import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findTool, isHostError, silent } from '#host';
import { buildTinyImage } from './build-tiny-image.ts';
import { isOffline } from './offline.fixture.ts';
import { imagesDir, verifyImage } from './store.ts';

const missing = (
  await Promise.all((['mke2fs', 'debugfs', 'apt-get', 'dpkg-deb'] as const).map((name) => findTool(name)))
).flatMap((tool) => (tool.kind === 'missing' ? [tool.wanted] : []));
const reason = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;

/** Three builds take 17 s alone, and took 48 beside other suites on two cores. */
const threeBuildsMs = 240_000;

describe.skipIf(missing.length > 0)(`building the small image${reason}`, () => {
  test(
    'given two empty caches / when several build at once / then each cache gets one image, and both the same',
    async (context) => {
      const dir = await mkdtemp(join(tmpdir(), 'hcc-build-'));
      try {
        const one = join(dir, 'one');
        const [first, same] = await Promise.all([build(one), build(one)]);
        expect(same.digest).toBe(first.digest);
        const steps: string[] = [];
        await buildTinyImage({ cacheDir: one, report: ({ detail }) => steps.push(detail) });
        expect(steps, 'an image that is there is not built again').toEqual([]);
        await verifyImage(first.dir);

        await truncate(first.rootfsPath, 0);
        const repaired = await build(one);
        expect(repaired.digest, 'a damaged image is built again').toBe(first.digest);
        await verifyImage(repaired.dir);

        const second = await build(join(dir, 'two'));
        expect(second.digest, 'the same packages give the same image').toBe(first.digest);
        expect((await readdir(imagesDir(one))).sort(), 'nothing half-built is left').toEqual([first.digest, 'recipes']);
      } catch (error) {
        // Offline there are no packages to build from; that says nothing about the builder.
        if (isOffline(error)) context.skip(`offline: ${error.message}`);
        throw error;
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
    threeBuildsMs,
  );

  test('given a caller that gives up / when the image is being built / then the build ends and leaves nothing half-built', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-build-'));
    const caller = new AbortController();
    const report = (): void => caller.abort();
    const failure = await buildTinyImage({ cacheDir: dir, report, signal: caller.signal }).catch(
      (error: unknown) => error,
    );
    expect(isHostError(failure, 'command-aborted'), String(failure)).toBe(true);
    expect(await readdir(imagesDir(dir))).toEqual(['recipes']);
    await rm(dir, { recursive: true, force: true });
  });
});

function build(cacheDir: string) {
  return buildTinyImage({ cacheDir, report: silent });
}
