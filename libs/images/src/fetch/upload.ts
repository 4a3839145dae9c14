import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { Report } from '#host';
import { ImageError } from '../image-error.ts';
import { limits } from '../limits.ts';
import { manifestFileName } from '../manifest.ts';
import type { Exportable } from './exportable.ts';
import { readHttp } from './read-http.ts';
import { type S3Store, s3Folder, signedGet, signedPut } from './s3.ts';

type UploadOptions = {
  readonly to: string;
  readonly s3?: S3Store | undefined;
  readonly report: Report;
  readonly signal?: AbortSignal;
};

/** Puts an image into a bucket and answers with its folder there. Each request is signed with the digest of what it carries:
 *  the store refuses other bytes. The manifest goes last, and where the same one is there already nothing is sent.
 *  Refuses with `source-unknown` an address that is none, or lacks its store, and `export-failed` with the store's answer. */
export async function uploadFiles(image: Exportable, { to, s3, report, signal }: UploadOptions): Promise<string> {
  const folder = s3Folder(to);
  if (folder === null) throw new ImageError('source-unknown', `"${to}" is no s3://BUCKET/PREFIX`, { to });
  if (s3 === undefined) throw new ImageError('source-unknown', `${to} needs the endpoint and credentials of its store`);
  const into = [...folder, image.digest].join('/');
  const base = `${s3.endpoint.replace(/\/+$/, '')}/${into}`;
  if (await isThere(image, `${base}/${manifestFileName}`, s3, signal)) return `s3://${into}`;
  for (const file of image.files) {
    const { name, bytes } = file;
    if (bytes > limits.s3ObjectBytesMax) {
      throw new ImageError(
        'export-failed',
        `${name} has ${bytes} bytes, and a store takes ${limits.s3ObjectBytesMax} at once`,
      );
    }
    report({ step: 'image', detail: `sending ${name}, ${bytes} bytes` });
    const status = await put(`${base}/${name}`, file, s3, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new ImageError('export-failed', `${to}: ${name} was not sent: ${String(error)}; repeat the command`, {
        to,
      });
    });
    if (status < 200 || status > 299) {
      throw new ImageError('export-failed', `${to}: the store answered HTTP ${status} to ${name}`, { to, status });
    }
  }
  return `s3://${into}`;
}

async function isThere(
  { files }: Exportable,
  url: string,
  s3: S3Store,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const manifest = files.at(-1);
  if (manifest === undefined) throw new Error('bug: nothing is exported');
  const found: Uint8Array[] = [];
  let bytes = 0;
  try {
    const context = { stallMs: limits.fetchStallMs, headers: await signedGet(url, s3) };
    for await (const chunk of readHttp(url, { from: 0, signal }, context)) {
      bytes += chunk.length;
      if (bytes > limits.manifestBytesMax) return false;
      found.push(chunk);
    }
  } catch {
    // Not there, or not to be read: sending says which.
    signal?.throwIfAborted();
    return false;
  }
  return Buffer.concat(found).equals(await readFile(manifest.path));
}

/** The status of the answer. Not the global fetch, for the reason that `httpGet` has. */
async function put(
  url: string,
  { path, sha256, bytes }: Exportable['files'][number],
  s3: S3Store,
  signal: AbortSignal | undefined,
): Promise<number> {
  const headers = { ...(await signedPut(url, sha256, s3)), 'content-length': `${bytes}` };
  const send = url.startsWith('https:') ? secureRequest : plainRequest;
  const request = send(url, { method: 'PUT', headers, agent: false, ...(signal && { signal }) });
  request.setTimeout(limits.fetchStallMs, () => request.destroy(new Error('the store says nothing')));
  const answered = new Promise<number>((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  // A store that refuses answers before it has all of it.
  const sent = pipeline(createReadStream(path), request).catch(() => undefined);
  const status = await answered;
  await sent;
  return status;
}
