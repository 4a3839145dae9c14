import type { IncomingMessage } from 'node:http';
import { httpGet } from '../http-get.ts';
import { ImageError } from '../image-error.ts';

export type HttpContext = { readonly stallMs: number; readonly headers?: Readonly<Record<string, string>> };

/** A body by GET from byte `from` on, as it comes and never decoded. A server that knows no ranges sends all of it, and what
 *  comes before is left out. Throws on any other answer, and when nothing has come for `stallMs`. */
export async function* readHttp(
  url: string,
  { from, signal }: { readonly from: number; readonly signal: AbortSignal | undefined },
  { stallMs, headers = {} }: HttpContext,
): AsyncGenerator<Uint8Array> {
  const stalled = new AbortController();
  const watch = (): NodeJS.Timeout =>
    setTimeout(() => stalled.abort(new Error(`the server has said nothing for ${stallMs} ms`)), stallMs);
  let timer = watch();
  try {
    const either = AbortSignal.any([stalled.signal, ...(signal === undefined ? [] : [signal])]);
    const wanted = { ...headers, 'accept-encoding': 'identity', ...(from > 0 && { range: `bytes=${from}-` }) };
    const response = await httpGet(url, wanted, either);
    try {
      let skip = bytesBefore(response, from);
      for await (const chunk of response) {
        if (!Buffer.isBuffer(chunk)) throw new Error('bug: a byte stream gave text');
        clearTimeout(timer);
        const rest = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - rest.length;
        if (rest.length > 0) yield rest;
        timer = watch();
      }
    } finally {
      response.destroy();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** How much of the answer's body comes before what was asked for. Throws on an answer that is no such body. */
function bytesBefore({ statusCode, headers }: IncomingMessage, from: number): number {
  if (statusCode === undefined || (statusCode >= 400 && statusCode < 500 && statusCode !== 408 && statusCode !== 429)) {
    // It will not be another answer the next time.
    throw new ImageError('fetch-failed', `HTTP ${statusCode}`);
  }
  if (statusCode !== 200 && statusCode !== 206) throw new Error(`HTTP ${statusCode}`);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined) throw new Error(`the server sends it as ${encoding} and not as it is`);
  if (statusCode === 200) return from;
  const range = headers['content-range'] ?? '';
  if (!range.startsWith(`bytes ${from}-`)) throw new Error(`asked for bytes from ${from}, got "${range}"`);
  return 0;
}
