import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Refusal } from '#domain';
import { DoorProblem } from '#edge';
import { HandleImage } from '../../handling/messages.ts';
import type { ImageRow } from '../../projections/images.projection.ts';
import { READS, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { readQuery } from '../schemas/door.ts';
import { retirement } from '../schemas/flavors.ts';
import { imageList, imagePath, newImage } from '../schemas/images.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import { contentDigest, type Stamp } from '../stamp.ts';
import { imageAnswer, imageView } from '../views/image.view.ts';

const registerImage = route({
  method: 'POST',
  path: '/v1/images',
  summary: 'Register an image by the digest of its manifest',
  roles: ['operator'],
  body: newImage,
  answer: commandAnswer,
  refusals: ['image-digest-mismatch', 'image-exists-with-other-content'],
});

const retireImage = route({
  method: 'POST',
  path: '/v1/images/:digest/retire',
  summary: 'Give an image to no new VM; VMs that have it go on',
  roles: ['operator'],
  params: imagePath,
  body: retirement,
  answer: commandAnswer,
  refusals: ['image-not-found', 'invalid-name'],
});

const listImages = route({
  method: 'GET',
  path: '/v1/images',
  summary: 'Images by age',
  roles: everyone,
  query: imageList,
  answer: json(pageOf(imageAnswer)),
  refusals: [],
});

const showImage = route({
  method: 'GET',
  path: '/v1/images/:digest',
  summary: 'One image and its manifest',
  roles: everyone,
  params: imagePath,
  query: readQuery,
  answer: json(imageAnswer),
  refusals: ['image-not-found', 'stream-not-followed'],
});

@Controller()
export class ImagesController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(registerImage)
  async register(
    @From() caller: Caller,
    @Asked(registerImage) { body: { digest, manifest }, rawBody }: AskedOf<typeof registerImage>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const wanted = contentDigest(manifest);
    if (digest !== wanted) {
      throw new DoorProblem(
        'image-digest-mismatch',
        `the digest is ${digest}, but the manifest's RFC 8785 JSON has SHA-256 ${wanted}; send the digest of this manifest`,
        { observed: digest, wanted },
      );
    }
    const meta = this.stamp.creation(caller, 'RegisterImage', digest, rawBody);
    const command = { type: 'RegisterImage', digest, manifest, now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleImage(digest, command, meta));
    return accepted(reply, outcome, `/v1/images/${digest}`);
  }

  @Answers(retireImage)
  async retire(
    @From() caller: Caller,
    @Asked(retireImage) { params: { digest }, body }: AskedOf<typeof retireImage>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const meta = this.stamp.change(caller, 'RetireImage', digest);
    const command = { ...body, type: 'RetireImage', now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleImage(digest, command, meta));
    return accepted(reply, outcome, `/v1/images/${digest}`);
  }

  @Answers(listImages)
  async list(@Asked(listImages) { query }: AskedOf<typeof listImages>, @Res({ passthrough: true }) reply: HttpReply) {
    await this.reads.upTo(query.atLeast, reply);
    const { rows, next } = this.reads.rows.images(listOptions(query));
    const shown = rows.filter(({ image }) => query.retired === 'include' || image.retired === null);
    return listView({ rows: shown, next }, (row) => this.view(row));
  }

  @Answers(showImage)
  async show(
    @Asked(showImage) { params: { digest }, query }: AskedOf<typeof showImage>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.image(digest);
    if (row === null) this.reads.demandFollowed('image', digest);
    if (row === null) throw new Refusal('image-not-found', `image ${digest} is not registered`);
    return this.view(row);
  }

  private view(row: ImageRow) {
    return imageView(row, this.reads.stale('image', row.image.digest));
  }
}
