import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { ImageError } from '../image-error.ts';
import { limits } from '../limits.ts';
import { type ImageRole, imageFileNames, manifestFileName } from '../manifest.ts';
import { type HttpContext, readHttp } from './read-http.ts';
import { type S3Store, s3Folder, signedGet } from './s3.ts';

/** What a source is asked for: a file of the image, or the manifest that names them. */
export type Wanted = ImageRole | 'manifest';

/** A place an image comes from. It need not be trusted: what it sends is checked. */
export type ImageSource = {
  /** As it was given, for whoever reads an error. */
  readonly name: string;
  /** The bytes of a file from `from` on, as they come. */
  read(wanted: Wanted, from: number, signal: AbortSignal | undefined): AsyncIterable<Uint8Array>;
};

export type SourceOptions = {
  /** Where IPFS content is asked for, such as `http://127.0.0.1:8080`. */
  readonly ipfsGateway?: string | undefined;
  readonly s3?: S3Store | undefined;
  /** How long a server may say nothing before the connection is given up. */
  readonly stallMs?: number | undefined;
};

/** The name a file has in a directory, a bucket or an IPFS folder: that of the cache. Pure. */
export const fileNameOf = (wanted: Wanted): string =>
  wanted === 'manifest' ? manifestFileName : imageFileNames[wanted];

/** A source of one image, or of one boot image: `https://host` (an orchestrator), or `dir:/path`, `s3://bucket/prefix` and
 *  `ipfs:CID`, which have a folder named by the digest: what `hcc image export` wrote. Refuses with `source-unknown` anything
 *  else, and what lacks its settings. */
export function imageSource(
  text: string,
  digest: string,
  options: SourceOptions = {},
  kind: 'images' | 'boots' = 'images',
): ImageSource {
  const http: HttpContext = { stallMs: options.stallMs ?? limits.fetchStallMs };
  if (text.startsWith('dir:')) return directory(text, join(text.slice('dir:'.length), digest));
  if (/^https?:\/\/[^/]/i.test(text)) {
    const base = `${text.replace(/\/+$/, '')}/v1/${kind}/${digest}/files`;
    return { name: text, read: (wanted, from, signal) => readHttp(`${base}/${wanted}`, { from, signal }, http) };
  }
  const folder = s3Folder(text);
  if (folder !== null) return bucketSource(text, [...folder, digest], options, http);
  const cid = /^ipfs:([A-Za-z0-9]{46,100})$/.exec(text)?.[1];
  if (cid !== undefined) return ipfs(text, `${cid}/${digest}`, options, http);
  throw unknown(text, 'dir:/PATH, https://HOST, s3://BUCKET/PREFIX or ipfs:CID');
}

const directory = (name: string, path: string): ImageSource => ({
  name,
  read: (wanted, from, signal) => fileBytes(join(path, fileNameOf(wanted)), from, signal),
});

async function* fileBytes(path: string, start: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { start, highWaterMark: limits.hashChunkBytes, ...(signal && { signal }) });
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) throw new Error('bug: a byte stream gave text');
    yield chunk;
  }
}

const bucketSource = (name: string, path: readonly string[], { s3 }: SourceOptions, http: HttpContext): ImageSource => {
  if (s3 === undefined) throw unknown(name, 'the endpoint, region and credentials of the store, which are not set');
  const base = [s3.endpoint.replace(/\/+$/, ''), ...path].join('/');
  return {
    name,
    async *read(wanted, from, signal) {
      const url = `${base}/${fileNameOf(wanted)}`;
      yield* readHttp(url, { from, signal }, { ...http, headers: await signedGet(url, s3) });
    },
  };
};

const ipfs = (name: string, folder: string, { ipfsGateway }: SourceOptions, http: HttpContext): ImageSource => {
  if (ipfsGateway === undefined) throw unknown(name, 'an IPFS gateway, which is not set');
  const base = `${ipfsGateway.replace(/\/+$/, '')}/ipfs/${folder}`;
  return { name, read: (wanted, from, signal) => readHttp(`${base}/${fileNameOf(wanted)}`, { from, signal }, http) };
};

function unknown(text: string, wanted: string): ImageError {
  return new ImageError('source-unknown', `an image cannot be fetched from "${text}": wanted ${wanted}`, {
    observed: text,
    wanted,
  });
}
