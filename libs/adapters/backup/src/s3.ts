import { AwsV4Signer } from 'aws4fetch';
import { type BackupStore, BackupStoreError, type VmChunks } from '#events';
import { limits } from './limits.ts';
import { absent, demandBytes, demandName, demandVmId, isPieceName, unavailable, verified } from './piece.ts';
import { keysIn, nextPageIn, readBounded, refusalIn } from './s3-answers.ts';

export type S3BackupOptions = {
  /** `http(s)://host[:port]`: buckets are addressed by path, as every compatible store can. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Folders before the VM's, without slashes at the ends; may be empty. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

type Request = {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly url: string;
  /** The bytes and their SHA-256, which is signed with the rest: nobody on the way can exchange them. */
  readonly body?: { readonly bytes: Uint8Array; readonly sha256: string };
};

type Send = (what: string, request: Request) => Promise<Response>;

/** Backups in an S3-compatible store, every request signed (SigV4). */
export const openS3Backups = (options: S3BackupOptions): BackupStore => {
  const { endpoint, bucket, prefix } = options;
  const name = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`} at ${endpoint}`;
  const base = `${endpoint.replace(/\/+$/, '')}/${bucket}`;
  const send = sender(name, options);
  return {
    name,
    chunksOf: (vmId) => {
      demandVmId(vmId);
      return chunksIn({ name, base, folder: prefix === '' ? `${vmId}/` : `${prefix}/${vmId}/`, send });
    },
  };
};

type Place = { readonly name: string; readonly base: string; readonly folder: string; readonly send: Send };

const chunksIn = ({ name, base, folder, send }: Place): VmChunks => {
  const urlOf = (sha256: string): string => {
    demandName(sha256);
    return `${base}/${folder}${sha256}`;
  };
  return {
    has: async (sha256) => {
      const answer = await send(`looking for ${sha256}`, { method: 'HEAD', url: urlOf(sha256) });
      await answer.body?.cancel();
      return answer.status !== 404;
    },
    put: async (sha256, bytes) => {
      demandBytes(sha256, bytes);
      const what = `writing ${sha256}`;
      const answer = await send(what, { method: 'PUT', url: urlOf(sha256), body: { bytes, sha256 } });
      await answer.body?.cancel();
      if (answer.status === 404) throw unavailable(name, what, 'there is no such bucket');
    },
    get: async (sha256) => {
      const what = `reading ${sha256}`;
      const answer = await send(what, { method: 'GET', url: urlOf(sha256) });
      if (answer.status === 404) {
        await answer.body?.cancel();
        throw absent(name, sha256);
      }
      return verified(name, sha256, await read(name, what, answer, limits.chunkBytesMax));
    },
    list: () => namesIn({ name, base, folder, send }),
    remove: async (sha256) => {
      const answer = await send(`removing ${sha256}`, { method: 'DELETE', url: urlOf(sha256) });
      await answer.body?.cancel();
    },
  };
};

async function* namesIn({ name, base, folder, send }: Place): AsyncGenerator<string> {
  let after: string | null = null;
  for (let pages = 0; pages < limits.pagesMax; pages += 1) {
    const query = new URLSearchParams({ 'list-type': '2', prefix: folder });
    if (after !== null) query.set('continuation-token', after);
    const what = `listing ${folder}`;
    const answer = await send(what, { method: 'GET', url: `${base}?${query}` });
    const page = new TextDecoder().decode(await read(name, what, answer, limits.pageBytesMax));
    if (answer.status === 404) throw unavailable(name, what, 'there is no such bucket');
    for (const key of keysIn(page)) {
      const sha256 = key.slice(folder.length);
      if (key.startsWith(folder) && isPieceName(sha256)) yield sha256;
    }
    after = nextPageIn(page);
    if (after === null) return;
  }
  throw unavailable(name, `listing ${folder}`, `more than ${limits.pagesMax} pages`);
}

const read = (name: string, what: string, answer: Response, bytesMax: number): Promise<Uint8Array> =>
  readBounded(answer, bytesMax).catch((error: unknown) => {
    throw unavailable(name, what, error);
  });

/** Sends one signed request. Resolves to a success or a 404; rejects on anything else with the store's word for it. */
const sender =
  (name: string, { region, accessKeyId, secretAccessKey }: S3BackupOptions): Send =>
  async (what, { method, url, body }) => {
    try {
      const signed = await new AwsV4Signer({
        ...{ method, url, service: 's3', region, accessKeyId, secretAccessKey },
        ...(body !== undefined && { headers: { 'x-amz-content-sha256': body.sha256 } }),
      }).sign();
      const answer = await fetch(signed.url, {
        ...{ method, headers: signed.headers, redirect: 'error' },
        signal: AbortSignal.timeout(limits.requestMs),
        // A copy over memory of its own: a request takes no bytes that may be shared.
        ...(body !== undefined && { body: new Uint8Array(body.bytes) }),
      });
      if (answer.ok || answer.status === 404) return answer;
      throw new Error(`HTTP ${answer.status}${await refusalIn(answer)}`);
    } catch (error) {
      if (error instanceof BackupStoreError) throw error;
      throw unavailable(name, what, causeOf(error));
    }
  };

/** `fetch` says "fetch failed", and why in its cause. */
const causeOf = (error: unknown): unknown =>
  error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
