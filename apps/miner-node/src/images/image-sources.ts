import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { ConfigInvalid, readSecretFile, text } from '#edge';
import { imageSource, parseS3Key, type S3Store } from '#images';
import type { ImageSources } from './fetched-images.ts';

/** The variables that say where images come from. */
export const imageSourceVariables = {
  HCC_IMAGE_SOURCES: text(
    'none, or dir:/PATH, https://HOST, s3://BUCKET/PREFIX and ipfs:CID with commas between',
  ).optional(),
  HCC_IMAGE_S3_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'the http(s) address of an S3-compatible store' })
    .optional(),
  HCC_IMAGE_S3_REGION: text('the region of that store').default('us-east-1'),
  HCC_IMAGE_S3_CREDENTIALS_FILE: text('a file (mode 600) with {"accessKeyId": …, "secretAccessKey": …}').optional(),
  HCC_IMAGE_IPFS_GATEWAY: z.url({ protocol: /^https?$/, error: 'the http(s) address of an IPFS gateway' }).optional(),
};

const variables = z.object(imageSourceVariables);

/** What those variables come to: the orchestrator at `apiUrl` unless others are named. Throws ConfigInvalid, also for a
 *  source that lacks its settings. Reads the file of the store's key. */
export const imageSourcesOf = (given: z.output<typeof variables>, apiUrl: string): ImageSources => {
  const named = given.HCC_IMAGE_SOURCES?.split(',').map((source) => source.trim()) ?? [apiUrl];
  const sources = named.filter((source) => source !== '' && source !== 'none');
  const from: ImageSources = { sources, ipfsGateway: given.HCC_IMAGE_IPFS_GATEWAY, s3: storeOf(given) };
  for (const source of sources) {
    if (source.startsWith('dir:') && !isAbsolute(source.slice('dir:'.length))) {
      throw new ConfigInvalid(`HCC_IMAGE_SOURCES has "${source}", wanted a whole path: dir:/PATH`);
    }
    try {
      imageSource(source, '0'.repeat(64), from);
    } catch (error) {
      throw new ConfigInvalid(`HCC_IMAGE_SOURCES: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return from;
};

const storeOf = (given: z.output<typeof variables>): S3Store | undefined => {
  const { HCC_IMAGE_S3_ENDPOINT: endpoint, HCC_IMAGE_S3_REGION: region, HCC_IMAGE_S3_CREDENTIALS_FILE: file } = given;
  if (endpoint === undefined && file === undefined) return undefined;
  if (endpoint === undefined || file === undefined) {
    const lacks = endpoint === undefined ? 'HCC_IMAGE_S3_ENDPOINT' : 'HCC_IMAGE_S3_CREDENTIALS_FILE';
    throw new ConfigInvalid(
      `${lacks} is not set, wanted both of a store: HCC_IMAGE_S3_ENDPOINT and HCC_IMAGE_S3_CREDENTIALS_FILE`,
    );
  }
  const key = parseS3Key(readSecretFile(file, 'the key of the store of images'));
  if (key !== null) return { endpoint, region, ...key };
  throw new ConfigInvalid(`${file} is not what was wanted: {"accessKeyId": "…", "secretAccessKey": "…"}`);
};
