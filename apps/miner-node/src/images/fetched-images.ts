import type { Log } from '#edge';
import { fetchBootImage, fetchImage, type SourceOptions } from '#images';
import { imageOnItsWay } from '../failure.ts';
import { limits } from '../limits.ts';
import type { ImageCache } from '../ports/image-cache.ts';
import { createSerial } from '../vm/serial.ts';

/** Where a host gets images that it lacks. None of these places need be trusted. */
export type ImageSources = Pick<SourceOptions, 'ipfsGateway' | 's3' | 'stallMs'> & {
  /** In the order they are asked: see `imageSource`. */
  readonly sources: readonly string[];
};

export type FetchedImages = ImageCache & {
  /** Ends the fetch that goes on; what came is kept for the next life of the agent. */
  stop(): Promise<void>;
};

/** A VM waits for its image: no failure, however long it takes. */
export class ImageOnItsWay extends Error {
  override readonly name = 'ImageOnItsWay';
  readonly code = imageOnItsWay;
}

type Fetch = { state: 'running'; words: string } | { state: 'failed'; error: unknown };

/** The images of a cache, which fetches what it is asked for and lacks: one after the other and once for all VMs of this
 *  host, while who asked is told with `image-on-its-way` to ask again. A fetch that failed is told once; the next question
 *  begins anew, where it ended. */
export const createFetchedImages = ({
  cached,
  cacheDir,
  from: { sources, ...settings },
  log,
  onFetched = () => undefined,
}: {
  readonly cached: ImageCache;
  readonly cacheDir: string;
  readonly from: ImageSources;
  readonly log: Log;
  /** Told when the cache has one more. */
  readonly onFetched?: () => void;
}): FetchedImages => {
  const stopping = new AbortController();
  const fetches = new Map<string, Fetch>();
  const turns = createSerial();

  const start = (digest: string, fetch: typeof fetchImage | typeof fetchBootImage): void => {
    const own: Fetch = { state: 'running', words: `image ${digest.slice(0, 16)} waits for its turn` };
    fetches.set(digest, own);
    const { signal } = stopping;
    const report = ({ detail }: { readonly detail: string }): void => {
      own.words = `image ${digest.slice(0, 16)}: ${detail}`;
      log('info', 'fetching an image', { digest, progress: detail });
    };
    const options = { ...settings, cacheDir, report, signal };
    void turns
      .run(async () => {
        signal.throwIfAborted();
        await fetch(digest, sources, options);
        log('info', 'image fetched', { digest });
        fetches.delete(digest);
        onFetched();
      })
      .catch((error: unknown) => {
        if (!signal.aborted) log('warn', 'image not fetched', { digest, reason: String(error) });
        fetches.set(digest, { state: 'failed', error });
        forgetOldest(fetches);
      });
  };

  const orFetch = async <T>(digest: string, open: () => Promise<T>, fetch: Parameters<typeof start>[1]): Promise<T> => {
    const known = fetches.get(digest);
    if (known?.state === 'running') throw new ImageOnItsWay(known.words);
    if (known?.state === 'failed') {
      fetches.delete(digest);
      throw known.error;
    }
    try {
      return await open();
    } catch (error) {
      if (sources.length === 0 || stopping.signal.aborted || !isAbsent(error)) throw error;
      if (!fetches.has(digest)) start(digest, fetch);
      throw new ImageOnItsWay(`image ${digest.slice(0, 16)} is not on this host yet`);
    }
  };
  return {
    open: (digest) => orFetch(digest, () => cached.open(digest), fetchImage),
    verify: (digest) => orFetch(digest, () => cached.verify(digest), fetchImage),
    openBoot: (digest) => orFetch(digest, () => cached.openBoot(digest), fetchBootImage),
    stop: async () => {
      stopping.abort();
      await turns.idle();
    },
  };
};

const isAbsent = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'image-not-found' || error.code === 'boot-image-not-found');

/** A failure that no VM asks for any more would stay for ever. */
const forgetOldest = (fetches: Map<string, Fetch>): void => {
  const failed = [...fetches].filter(([, { state }]) => state === 'failed').map(([digest]) => digest);
  for (const digest of failed.slice(0, -limits.imageFailuresMax)) fetches.delete(digest);
};
