import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, type Report } from '#host';
import { hashFile } from './hash-file.ts';
import { httpGet } from './http-get.ts';
import { ImageError, isImageError } from './image-error.ts';
import { limits } from './limits.ts';

export type FetchOptions = {
  readonly url: string;
  /** What the whole file must hash to. */
  readonly sha256: string;
  /** Where it comes to lie. A fetch that was broken off goes on from what is there. */
  readonly path: string;
  readonly report: Report;
  readonly signal?: AbortSignal;
  /** How long a server may say nothing before we ask again. */
  readonly stallMs?: number;
  readonly bytesMax?: number;
};

/** Fetches a file by HTTP and promises that it hashes to `sha256`. Goes on after a broken connection, in this run and in
 *  the next; gives up after a few tries without a single new byte. Redirects are followed, contents are never decoded.
 *  Refuses with `sha256-differs` and `image-too-large` (the file is removed) or `fetch-failed` (what came is kept). */
export async function fetchFile(options: FetchOptions): Promise<void> {
  const { url, sha256, path, report, bytesMax = limits.imageBytesMax } = options;
  await mkdir(dirname(path), { recursive: true });
  for (let tries = 1, before = await lengthOf(path); ; ) {
    const failure = await fetchOnce(options, bytesMax).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) break;
    options.signal?.throwIfAborted();
    if (isImageError(failure)) {
      if (failure.code !== 'fetch-failed') await rm(path, { force: true });
      throw failure;
    }
    if (errnoOf(failure) === 'ENOSPC') throw failure;
    const now = await lengthOf(path);
    tries = now > before ? 1 : tries + 1;
    before = now;
    if (tries > limits.fetchTriesMax) throw failed(url, reasonOf(failure));
    report({ step: 'fetch', detail: `${reasonOf(failure)}; asking again from byte ${now}` });
    await pause(limits.fetchPauseMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
  const observed = await hashFile(path, options.signal);
  if (observed.sha256 === sha256) return;
  await rm(path, { force: true });
  throw shaDiffers(url, observed.sha256, sha256);
}

/** The refusal of bytes that are not the ones that were asked for. */
export function shaDiffers(what: string, observed: string, wanted: string): ImageError {
  return new ImageError(
    'sha256-differs',
    `${what} has SHA-256 ${observed}, wanted ${wanted}; nothing of it was kept. Is the digest that of this version?`,
    { observed, wanted },
  );
}

async function fetchOnce(options: FetchOptions, bytesMax: number): Promise<void> {
  const { url, path, report, stallMs = limits.fetchStallMs } = options;
  const from = await lengthOf(path);
  const stalled = new AbortController();
  const watch = (): NodeJS.Timeout =>
    setTimeout(() => stalled.abort(new Error(`the server has said nothing for ${stallMs} ms`)), stallMs);
  let timer = watch();
  try {
    const signal = AbortSignal.any([stalled.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    const headers = { 'accept-encoding': 'identity', ...(from > 0 && { range: `bytes=${from}-` }) };
    const response = await httpGet(url, headers, signal);
    const { total, goesOn, isComplete } = readHead(response, { url, from, bytesMax });
    if (isComplete) return;
    const file = await open(path, goesOn ? 'a' : 'w');
    try {
      let bytes = goesOn ? from : 0;
      let told = 0;
      for await (const chunk of response) {
        if (!Buffer.isBuffer(chunk)) throw new Error('bug: a byte stream gave text');
        clearTimeout(timer);
        timer = watch();
        bytes += chunk.length;
        demandSize(bytes, bytesMax);
        await writeAll(file, chunk);
        if (bytes - told < limits.fetchReportBytes) continue;
        told = bytes;
        report({ step: 'fetch', detail: total === 0 ? `${bytes} bytes` : `${bytes} of ${total} bytes` });
      }
      if (total > 0 && bytes < total) throw new Error(`the connection ended after ${bytes} of ${total} bytes`);
    } finally {
      await file.close();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What an answer's head says of its body. Refuses one that is not what was asked for. */
function readHead(
  response: IncomingMessage,
  { url, from, bytesMax }: { readonly url: string; readonly from: number; readonly bytesMax: number },
): { readonly total: number; readonly goesOn: boolean; readonly isComplete: boolean } {
  const { statusCode, headers } = response;
  const refuse = (error: ImageError): ImageError => {
    response.destroy();
    return error;
  };
  // We have all of it and asked for what comes after it: the hash decides.
  if (statusCode === 416 && from > 0) {
    response.destroy();
    return { total: from, goesOn: true, isComplete: true };
  }
  if (statusCode !== 200 && statusCode !== 206) throw refuse(failed(url, `HTTP ${statusCode}`));
  const encoding = headers['content-encoding'];
  if (encoding !== undefined) throw refuse(failed(url, `the server sends it as ${encoding} and not as it is`));
  const goesOn = statusCode === 206;
  const range = headers['content-range'] ?? '';
  if (goesOn && !range.startsWith(`bytes ${from}-`)) {
    throw refuse(failed(url, `asked for bytes from ${from}, got "${range}"`));
  }
  const total = Number(headers['content-length'] ?? 0) + (goesOn ? from : 0);
  if (total > bytesMax) throw refuse(tooLarge(total, bytesMax));
  return { total, goesOn, isComplete: false };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
}

/** Copies a local file and hashes what was copied, so that what is checked afterwards is what was hashed. */
export async function copyFile(
  from: string,
  to: string,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const source = await open(from, 'r').catch((error: unknown) => {
    throw new ImageError('fetch-failed', `${from} cannot be read: ${reasonOf(error)}`, { path: from });
  });
  try {
    const { size } = await source.stat();
    demandSize(size, bytesMax);
    const target = await open(to, 'w');
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      const stream = source.createReadStream({ autoClose: false, highWaterMark: limits.hashChunkBytes });
      for await (const chunk of stream) {
        signal?.throwIfAborted();
        if (!Buffer.isBuffer(chunk)) throw new Error('bug: a byte stream gave text');
        bytes += chunk.length;
        demandSize(bytes, bytesMax);
        hash.update(chunk);
        await writeAll(target, chunk);
      }
    } finally {
      await target.close();
    }
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await source.close();
  }
}

function demandSize(bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) throw tooLarge(bytes, bytesMax);
}

function tooLarge(observed: number, wanted: number): ImageError {
  return new ImageError('image-too-large', `the file has ${observed} bytes or more, wanted at most ${wanted}`, {
    observed,
    wanted,
  });
}

async function lengthOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function failed(url: string, reason: string): ImageError {
  return new ImageError('fetch-failed', `${url} could not be fetched: ${reason}; what came is kept, try again`, {
    url,
  });
}

/** An abort says only that it was one; why is its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
