import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

// A small S3: objects of one bucket in memory, and every request held against its signature (AWS Signature Version 4),
// which is computed here from the bytes that came, and by no library that a client may share.

export type S3Server = {
  readonly endpoint: string;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly bucket: string;
  readonly region: string;
  readonly objects: Map<string, Uint8Array>;
  /** What came, with the status it was answered. */
  readonly asked: { readonly method: string; readonly path: string; readonly status: number }[];
  /** Answers the next requests with these statuses, and does nothing of them. */
  readonly failures: number[];
  /** Keys of one page of a listing. */
  pageKeys: number;
  close(): Promise<void>;
};

export const startS3Server = async (): Promise<S3Server> => {
  const keys = { accessKeyId: 'HCCTEST', secretAccessKey: 'a/secret+key' };
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const s3: S3Server = {
    ...{ endpoint: `http://127.0.0.1:${port}`, keys, bucket: 'backups', region: 'eu-test-1' },
    ...{ objects: new Map(), asked: [], failures: [], pageKeys: 10 },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const { method = '', url = '/' } = request;
    const { status, text } =
      s3.failures.length > 0 ? fault(s3.failures.shift() ?? 500, 'SlowDown') : answer(s3, request, body);
    s3.asked.push({ method, path: url, status });
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(method === 'HEAD' ? undefined : text);
  };
  return s3;
};

type Answer = { readonly status: number; readonly text: string | Uint8Array };

const fault = (status: number, code: string): Answer => ({ status, text: `<Error><Code>${code}</Code></Error>` });

const answer = (s3: S3Server, request: IncomingMessage, body: Buffer): Answer => {
  const refusal = wrongSignature(s3, request, body);
  if (refusal !== null) return fault(403, refusal);
  const url = new URL(request.url ?? '/', s3.endpoint);
  const [, bucket, ...rest] = url.pathname.split('/');
  if (bucket !== s3.bucket) return fault(404, 'NoSuchBucket');
  const key = rest.join('/');
  if (key === '') return listing(s3, url.searchParams);
  const object = s3.objects.get(key);
  switch (request.method) {
    case 'PUT':
      s3.objects.set(key, new Uint8Array(body));
      return { status: 200, text: '' };
    case 'DELETE':
      s3.objects.delete(key);
      return { status: 204, text: '' };
    default:
      return object === undefined ? fault(404, 'NoSuchKey') : { status: 200, text: object };
  }
};

/** A page as ListObjectsV2 answers it; its token holds characters that XML writes otherwise, as real ones may. */
const listing = (s3: S3Server, query: URLSearchParams): Answer => {
  const prefix = query.get('prefix') ?? '';
  const all = [...s3.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  const from = Number(query.get('continuation-token')?.replace('next&', '') ?? 0);
  const page = all.slice(from, from + s3.pageKeys);
  const next = from + page.length;
  const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
  const more = next < all.length;
  const token = more ? `<NextContinuationToken>next&amp;${next}</NextContinuationToken>` : '';
  return {
    status: 200,
    text: `<ListBucketResult>${contents}<IsTruncated>${more}</IsTruncated>${token}</ListBucketResult>`,
  };
};

/** The code of what is wrong with a request's signature; `null` when it is right. */
const wrongSignature = (s3: S3Server, { method = '', url = '/', headers }: IncomingMessage, body: Buffer) => {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (given === null) return 'AccessDenied';
  const [, accessKeyId, scope = '', signed = '', signature = ''] = given;
  if (accessKeyId !== s3.keys.accessKeyId) return 'InvalidAccessKeyId';
  const header = (name: string): string => String(headers[name] ?? '').trim();
  const time = header('x-amz-date');
  const content = header('x-amz-content-sha256');
  if (!signed.split(';').includes('host') || !signed.split(';').includes('x-amz-date')) return 'AccessDenied';
  if (content !== 'UNSIGNED-PAYLOAD' && content !== sha256(body)) return 'XAmzContentSHA256Mismatch';
  if (content === 'UNSIGNED-PAYLOAD' && body.length > 0) return 'AccessDenied';
  const { pathname, searchParams } = new URL(url, s3.endpoint);
  const query = [...searchParams].map(([name, value]) => `${escaped(name)}=${escaped(value)}`).sort();
  const canonical = [
    ...[method, pathname, query.join('&')],
    ...signed.split(';').map((name) => `${name}:${header(name)}`),
    ...['', signed, content],
  ].join('\n');
  if (scope !== `${time.slice(0, 8)}/${s3.region}/s3/aws4_request`) return 'AuthorizationHeaderMalformed';
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(Buffer.from(canonical))].join('\n');
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (from, part) => createHmac('sha256', from).update(part).digest(),
      Buffer.from(`AWS4${s3.keys.secretAccessKey}`),
    );
  const wanted = createHmac('sha256', key).update(toSign).digest();
  return timingSafeEqual(wanted, Buffer.from(signature, 'hex')) ? null : 'SignatureDoesNotMatch';
};

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
};
