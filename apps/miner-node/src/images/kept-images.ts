import { dirname } from 'node:path';
import type { Log } from '#edge';
import type { Clock } from '#events';
import { markUsed, pruneCache, readHolders, sayNeeded } from '#images';
import type { ImageCache } from '../ports/image-cache.ts';
import { createSerial } from '../vm/serial.ts';
import type { VmDirs } from '../vm/vm-dir.ts';

export type KeptImages = ImageCache & {
  /** Removes from the cache what no VM of any miner or home that shares it may boot again, as far as there is too much of
   *  it. A cache that cannot be pruned is logged and goes on. */
  prune(): Promise<void>;
  /** Resolves when nothing is being written or removed. */
  idle(): Promise<void>;
};

/** Images whose use is written down, so that a prune of this cache, by this miner or another, leaves what VMs of this one
 *  need: what it opens is noted before it is opened, and forgotten by the first prune after its VM's record is gone. */
export const createKeptImages = ({
  images,
  dirs,
  place: { cacheDir, minerDir, cacheBytesMax },
  clock,
  log,
}: {
  readonly images: ImageCache;
  readonly dirs: Pick<VmDirs, 'list' | 'load'>;
  readonly place: { readonly cacheDir: string; readonly minerDir: string; readonly cacheBytesMax: number };
  readonly clock: Clock;
  readonly log: Log;
}): KeptImages => {
  const turns = createSerial();
  let needed: ReadonlySet<string> = new Set();

  const say = async (digests: ReadonlySet<string>): Promise<void> => {
    await sayNeeded(cacheDir, { dir: minerDir, digests: [...digests] });
    needed = digests;
  };

  /** A cache that cannot be written is one that nobody prunes either: its images are there to be used. */
  const note = (digest: string): Promise<void> =>
    turns
      .run(async () => {
        if (!needed.has(digest)) await say(new Set([...needed, digest]));
      })
      .catch((error: unknown) => log('warn', 'the use of an image is not noted', { digest, reason: String(error) }));

  const kept = async <T extends { readonly kernelPath: string }>(
    digest: string,
    open: () => Promise<T>,
  ): Promise<T> => {
    await note(digest);
    const files = await open();
    await markUsed(dirname(files.kernelPath), clock.now());
    return files;
  };

  const pruneNow = async (): Promise<void> => {
    await say(await neededBy(dirs, async () => (await readHolders(cacheDir)).find(({ dir }) => dir === minerDir)));
    const { removed, keptBytes } = await pruneCache({ cacheDir, bytesMax: cacheBytesMax, nowMs: clock.now() });
    for (const { kind, digest, bytes } of removed) log('info', 'removed from the cache', { kind, digest, bytes });
    log('info', 'the cache', { keptBytes, removedImages: removed.length, spareBytesMax: cacheBytesMax });
  };

  return {
    open: (digest) => kept(digest, () => images.open(digest)),
    verify: (digest) => kept(digest, () => images.verify(digest)),
    openBoot: (digest) => kept(digest, () => images.openBoot(digest)),
    prune: () =>
      turns
        .run(pruneNow)
        .catch((error: unknown) => log('warn', 'the cache is not pruned', { cacheDir, reason: String(error) })),
    idle: () => turns.idle(),
  };
};

/** What the VMs of this host may boot again. One whose record cannot be read keeps all that was needed before. */
const neededBy = async (
  dirs: Pick<VmDirs, 'list' | 'load'>,
  before: () => Promise<{ readonly digests: readonly string[] } | undefined>,
): Promise<ReadonlySet<string>> => {
  const digests = new Set<string>();
  let isUnknown = false;
  for (const vmId of await dirs.list()) {
    const loaded = await dirs.load(vmId);
    isUnknown ||= loaded.kind === 'corrupt';
    if (loaded.kind !== 'found') continue;
    const { imageDigest, sealed } = loaded.vm.spec;
    digests.add(imageDigest);
    if (sealed !== undefined) digests.add(sealed.bootDigest);
  }
  if (isUnknown) for (const digest of (await before())?.digests ?? []) digests.add(digest);
  return digests;
};
