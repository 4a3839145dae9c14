import { AwsV4Signer } from 'aws4fetch';

/** An S3-compatible store, addressed by path: Amazon's, MinIO, Ceph, Garage. */
export type S3Store = {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

/** The headers that make a GET one of the store's user (SigV4). A range may be added: it is not among what is signed. */
export async function signedGet(
  url: string,
  { region, accessKeyId, secretAccessKey }: S3Store,
): Promise<Readonly<Record<string, string>>> {
  const signer = new AwsV4Signer({ method: 'GET', url, service: 's3', region, accessKeyId, secretAccessKey });
  const { headers } = await signer.sign();
  return Object.fromEntries(headers);
}
