import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type AccountId, type ImageManifest, Refusal } from '#domain';
import { DoorProblem } from '#edge';
import { contentDigest, type EventStore } from '#events';
import { HandleImage } from '../../handling/messages.ts';
import type { ImageRow } from '../../projections/images.projection.ts';
import { READS, STAMP, STORE } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { demandAccount, demandRole, noAccount } from '../auth/principal.ts';
import { accountNow, imageNow } from '../ownership.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { readQuery } from '../schemas/door.ts';
import { retirement } from '../schemas/flavors.ts';
import { imageList, imagePath, newImage } from '../schemas/images.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import type { Stamp } from '../stamp.ts';
import { imageAnswer, imageView } from '../views/image.view.ts';
import { demandImage, maySeeImage } from './image-sight.ts';

const registerImage = route({
  method: 'POST',
  path: '/v1/images',
  summary: 'Register an image by the digest of its manifest; an owner registers private ones, of their own account',
  roles: ['operator', 'owner'],
  body: newImage,
  answer: commandAnswer,
  refusals: [
    ...(['image-digest-mismatch', 'image-exists-with-other-content', 'image-not-sealed'] as const),
    ...(['image-private', 'image-not-private', 'account-not-found'] as const),
  ],
});

const retireImage = route({
  method: 'POST',
  path: '/v1/images/:digest/retire',
  summary: 'Give an image to no new VM, and destroy the key of a private one; VMs that have it go on',
  roles: ['operator', 'owner'],
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
    @Inject(STORE) private readonly store: EventStore,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(registerImage)
  async register(
    @From() caller: Caller,
    @Asked(registerImage) { body: { digest, manifest, private: wanted }, rawBody }: AskedOf<typeof registerImage>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandDigest(digest, manifest);
    if (wanted === undefined) demandRole(caller.principal, 'operator');
    else await this.demandOwnAccount(caller, wanted.accountId);
    const privacy = wanted === undefined ? null : { owner: wanted.accountId, headerSha256: wanted.headerSha256 };
    const meta = this.stamp.creation(caller, 'RegisterImage', digest, rawBody);
    const command = { type: 'RegisterImage', digest, manifest, privacy, now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleImage(digest, command, meta));
    return accepted(reply, outcome, `/v1/images/${digest}`);
  }

  @Answers(retireImage)
  async retire(
    @From() caller: Caller,
    @Asked(retireImage) { params: { digest }, body }: AskedOf<typeof retireImage>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const image = demandImage(caller.principal, await imageNow(this.store, digest), digest);
    if (image.private === null) demandRole(caller.principal, 'operator');
    const meta = this.stamp.change(caller, 'RetireImage', digest);
    const command = { ...body, type: 'RetireImage', now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleImage(digest, command, meta));
    return accepted(reply, outcome, `/v1/images/${digest}`);
  }

  @Answers(listImages)
  async list(
    @From() { principal }: Caller,
    @Asked(listImages) { query }: AskedOf<typeof listImages>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    const { rows, next } = this.reads.rows.images(listOptions(query));
    const shown = rows.filter(
      ({ image }) => maySeeImage(principal, image) && (query.retired === 'include' || image.retired === null),
    );
    return listView({ rows: shown, next }, (row) => this.view(row));
  }

  @Answers(showImage)
  async show(
    @From() { principal }: Caller,
    @Asked(showImage) { params: { digest }, query }: AskedOf<typeof showImage>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.image(digest);
    if (row === null) this.reads.demandFollowed('image', digest);
    demandImage(principal, row?.image ?? null, digest);
    if (row === null) throw new Refusal('image-not-found', `image ${digest} is not registered`);
    return this.view(row);
  }

  private async demandOwnAccount({ principal }: Caller, accountId: AccountId): Promise<void> {
    demandAccount(principal, accountId);
    if ((await accountNow(this.store, accountId)) === null) throw noAccount(accountId);
  }

  private view(row: ImageRow) {
    return imageView(row, this.reads.stale('image', row.image.digest));
  }
}

const demandDigest = (digest: string, manifest: ImageManifest): void => {
  const wanted = contentDigest(manifest);
  if (digest === wanted) return;
  throw new DoorProblem(
    'image-digest-mismatch',
    `the digest is ${digest}, but the manifest's RFC 8785 JSON has SHA-256 ${wanted}; send the digest of this manifest`,
    { observed: digest, wanted },
  );
};
