import { Controller, Inject, Res, type StreamableFile } from '@nestjs/common';
import { Refusal } from '#domain';
import { IMAGE_FILES, READS } from '../../tokens.ts';
import type { Reads } from '../reads.ts';
import type { HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, route } from '../route.ts';
import { bootFilePath, imageFilePath, partHeaders } from '../schemas/images.ts';
import type { ImageFiles } from './image-files.ts';

const file = {
  method: 'GET',
  // Base images and boot images are public, named by their content and checked by whoever takes them: a miner has no
  // token of this API, and one that could ask for more than these bytes would be the greater right.
  roles: 'open',
  headers: partHeaders,
  answer: { kind: 'raw', mediaType: 'application/octet-stream', ranges: true },
  refusals: ['image-not-found', 'range-unsatisfiable'],
} as const;

const showImageFile = route({
  ...file,
  path: '/v1/images/:digest/files/:file',
  summary: 'A file of a registered image, whole or from a byte on; check it against the manifest, which is the digest',
  params: imageFilePath,
});

const showBootFile = route({
  ...file,
  path: '/v1/boots/:digest/files/:file',
  summary: "A file of the boot image of sealed VMs, whole or from a byte on; the digest is over both files' digests",
  params: bootFilePath,
});

@Controller()
export class ImageFilesController {
  constructor(
    @Inject(READS) private readonly reads: Reads,
    @Inject(IMAGE_FILES) private readonly files: ImageFiles,
  ) {}

  @Answers(showImageFile)
  async image(
    @Asked(showImageFile) { params: { digest, file: role }, headers: { range } }: AskedOf<typeof showImageFile>,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<StreamableFile> {
    // What somebody imported here for themselves is nobody's until it is in the catalogue.
    if (this.reads.rows.image(digest) === null) {
      throw new Refusal('image-not-found', `image ${digest} is not registered`);
    }
    const { servedImageFile } = await import('#images');
    const what = `${role} of image ${digest}`;
    return this.files.send((cacheDir) => servedImageFile(cacheDir, digest, role), { what, range }, reply);
  }

  @Answers(showBootFile)
  async boot(
    @Asked(showBootFile) { params: { digest, file: role }, headers: { range } }: AskedOf<typeof showBootFile>,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<StreamableFile> {
    const { servedBootFile } = await import('#images');
    const what = `${role} of boot image ${digest}`;
    return this.files.send((cacheDir) => servedBootFile(cacheDir, digest, role), { what, range }, reply);
  }
}
