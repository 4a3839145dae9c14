import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { Refusal } from '#domain';
import { DoorProblem } from '#edge';
import type { ServedFile } from '#images';
import { imageStallMs, imageStreamsMax } from '../limits.ts';
import type { HttpReply } from '../request.ts';
import { rangeFrom } from './byte-range.ts';

/** Files of images as they are sent: open ones are bounded, and end with the door. */
export type ImageFiles = {
  /** What a file is, from the cache this server gives images from. Refuses with `image-not-found`, also where it gives none. */
  send(
    find: (cacheDir: string) => Promise<ServedFile>,
    asked: { readonly what: string; readonly range: string | undefined },
    reply: HttpReply,
  ): Promise<StreamableFile>;
  /** Called by Nest as the door closes. */
  onModuleDestroy(): void;
};

/** `cacheDir` has images and boot images as programs of this machine make them; `null` gives none. */
export const createImageFiles = (cacheDir: string | null): ImageFiles => {
  const sending = new Set<() => void>();
  return {
    send: async (find, { what, range }, reply) => {
      if (cacheDir === null) throw notHere(what, 'this server gives no images (HCC_IMAGE_CACHE_DIR is not set)');
      if (sending.size >= imageStreamsMax) {
        reply.header('retry-after', `${retryAfterSeconds}`);
        throw tooMany(sending.size);
      }
      const { path, bytes } = await find(cacheDir).catch((error: unknown) => {
        if (error instanceof Error && error.name === 'ImageError') {
          throw notHere(what, 'this server does not have it whole');
        }
        throw error;
      });
      const part = rangeFrom(range, bytes);
      if (part === null) {
        reply.header('content-range', `bytes */${bytes}`);
        throw outOfRange(what, range, bytes);
      }
      const { start, end } = part;
      const length = end - start + 1;
      reply.header('accept-ranges', 'bytes').header('cache-control', 'public, max-age=31536000, immutable');
      if (range !== undefined && length < bytes) {
        reply.status(206).header('content-range', `bytes ${start}-${end}/${bytes}`);
      }
      const sent = { type: 'application/octet-stream', length };
      if (reply.raw.req.method === 'HEAD') return new StreamableFile(Readable.from([]), sent);
      const file = await open(path, 'r');
      const stream = file.createReadStream({ start, end });
      const stop = (): void => void stream.destroy();
      sending.add(stop);
      stream.once('close', () => sending.delete(stop));
      // Whoever takes nothing for so long holds a place that another miner wants.
      reply.raw.setTimeout(imageStallMs, () => reply.raw.destroy());
      return new StreamableFile(stream, sent);
    },
    onModuleDestroy: () => {
      for (const stop of sending) stop();
    },
  };
};

const notHere = (what: string, why: string): Refusal =>
  new Refusal('image-not-found', `${what} cannot be had here: ${why}; fetch it from another source`, {
    fix: 'fetch it from another source, or import it where this server gives images from',
  });

const tooMany = (observed: number): DoorProblem =>
  new DoorProblem(
    'rate-limited',
    `${observed} files of images are being sent, the most there may be; ask again in ${retryAfterSeconds} s`,
    { observed, wanted: imageStreamsMax, retryAfterSeconds },
  );

const retryAfterSeconds = 5;

const outOfRange = (what: string, range: string | undefined, bytes: number): DoorProblem =>
  new DoorProblem('range-unsatisfiable', `${what} has ${bytes} bytes, and the range ${range} is outside of it`, {
    observed: range,
    wanted: `a range within ${bytes} bytes`,
  });
