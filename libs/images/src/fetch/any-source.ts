import { rm, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, type Report } from '#host';
import { hashFile } from '../hash-file.ts';
import { ImageError, isImageError } from '../image-error.ts';
import { limits } from '../limits.ts';
import type { ImageSource, SourceOptions, Wanted } from './sources.ts';
import { type Arrival, type ReadFrom, takeBytes } from './take-file.ts';

export type FetchImageOptions = SourceOptions & {
  readonly cacheDir: string;
  readonly report: Report;
  readonly signal?: AbortSignal;
};

/** What `work` makes of the first source that does. A broken connection is tried again a few times, and again for as long
 *  as something new comes; wrong bytes are not. Throws `fetch-failed` with what each source did. */
export async function anyOf<T>(
  wanted: Wanted,
  sources: readonly ImageSource[],
  { report, signal }: FetchImageOptions,
  work: (read: ReadFrom) => Promise<T>,
): Promise<T> {
  const failures: string[] = [];
  for (const source of sources) {
    report({ step: 'fetch', detail: `${wanted} from ${source.name}` });
    let furthest = -1;
    for (let tries = 1; tries <= limits.fetchTriesMax; tries += 1) {
      const progress = { from: 0 };
      const read = (from: number): AsyncIterable<Uint8Array> => {
        progress.from = from;
        return source.read(wanted, from, signal);
      };
      const outcome = await work(read).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      if ('value' in outcome) return outcome.value;
      const { error } = outcome;
      signal?.throwIfAborted();
      if (errnoOf(error) === 'ENOSPC') throw error;
      const words = error instanceof Error ? error.message : String(error);
      report({ step: 'fetch', detail: `${source.name}: ${words}` });
      if (progress.from > furthest) tries = 1;
      furthest = Math.max(furthest, progress.from);
      const isFinal = isImageError(error) || ['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '');
      if (isFinal || tries === limits.fetchTriesMax) {
        failures.push(`${source.name}: ${words}`);
        break;
      }
      await pause(limits.fetchPauseMs, undefined, signal === undefined ? {} : { signal });
    }
  }
  const observed = failures.length === 0 ? 'no source was named' : failures.join('; ');
  throw new ImageError('fetch-failed', `no source has a good ${wanted}: ${observed}; what came is kept, try again`);
}

/** Fetches the rest of a file and holds the whole of it against its digest. What has no length in the manifest is small, and
 *  begins anew. Refuses with `sha256-differs`, after which nothing of it is kept. */
export async function takeKnown(
  arrival: Arrival,
  sha256: string,
  read: ReadFrom,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { name, path, bytes } = arrival;
  if (bytes === undefined) await rm(path, { force: true });
  const { size: kept } = await stat(path).catch(() => ({ size: 0 }));
  await takeBytes(arrival, read);
  const observed = await hashFile(path, signal);
  if (observed.sha256 === sha256) return;
  await rm(path, { force: true });
  if (kept > 0) throw new Error(`${name} went on from ${kept} bytes that were not its own; it begins anew`);
  throw new ImageError('sha256-differs', `${name} has SHA-256 ${observed.sha256}, wanted ${sha256}; it was not kept`);
}
