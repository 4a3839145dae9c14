import { AwsV4Signer } from 'aws4fetch';
import { z } from 'zod';

/** An S3-compatible store, addressed by path: Amazon's, MinIO, Ceph, Garage. */
export type S3Store = {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

const key = z.strictObject({ accessKeyId: z.string().min(1), secretAccessKey: z.string().min(1) });

/** The two halves of a store's key from the text of its file; `null` for anything else, none of which is repeated. */
export function parseS3Key(text: string): Pick<S3Store, 'accessKeyId' | 'secretAccessKey'> | null {
  try {
    return key.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The headers that make a GET one of the store's user (SigV4). A range may be added: it is not among what is signed. */
export async function signedGet(
  url: string,
  { region, accessKeyId, secretAccessKey }: S3Store,
): Promise<Readonly<Record<string, string>>> {
  const signer = new AwsV4Signer({ method: 'GET', url, service: 's3', region, accessKeyId, secretAccessKey });
  const { headers } = await signer.sign();
  return Object.fromEntries(headers);
}

/** The same for a PUT of bytes with this SHA-256, which is signed with the rest. */
export async function signedPut(
  url: string,
  sha256: string,
  { region, accessKeyId, secretAccessKey }: S3Store,
): Promise<Readonly<Record<string, string>>> {
  const headers = { 'x-amz-content-sha256': sha256 };
  const signer = new AwsV4Signer({ method: 'PUT', url, headers, service: 's3', region, accessKeyId, secretAccessKey });
  const signed = await signer.sign();
  return Object.fromEntries(signed.headers);
}

/** Bucket and folders of `s3://BUCKET/PREFIX`; `null` for anything else. Pure. */
export const s3Folder = (text: string): readonly string[] | null => {
  const [, bucket, prefix = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9!_.*'()/-]*))?$/.exec(text) ?? [];
  return bucket === undefined ? null : [bucket, ...prefix.split('/').filter((part) => part !== '')];
};
