import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Refusal } from '#domain';
import { DoorProblem } from '#edge';
import { HandleImage } from '../../handling/messages.ts';
import type { ImageRow } from '../../projections/images.projection.ts';
import { READS, STAMP } from '../../tokens.ts';
import { accepted } from '../answer.ts';
import { demandRole } from '../auth/principal.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { atLeast, parse } from '../schemas/door.ts';
import { imagePath, newImage } from '../schemas/images.ts';
import { listOptions, listQuery, listView } from '../schemas/lists.ts';
import { contentDigest, type Stamp } from '../stamp.ts';

@Controller('v1/images')
export class ImagesController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Post()
  async register(@From() caller: Caller, @Body() body: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    demandRole(caller.principal, 'operator');
    const { digest, manifest } = parse(newImage, body, 'body');
    const wanted = contentDigest(manifest);
    if (digest !== wanted) {
      throw new DoorProblem(
        'image-digest-mismatch',
        `the digest is ${digest}, but the manifest's RFC 8785 JSON has SHA-256 ${wanted}; send the digest of this manifest`,
        { observed: digest, wanted },
      );
    }
    const meta = this.stamp.creation(caller, 'RegisterImage', digest, body);
    const command = { type: 'RegisterImage', digest, manifest, now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleImage(digest, command, meta));
    return accepted(reply, outcome, `/v1/images/${digest}`);
  }

  @Get()
  async list(@Query() query: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    const wanted = parse(z.strictObject(listQuery), query, 'query');
    await this.reads.upTo(wanted.atLeast, reply);
    return listView(this.reads.rows.images(listOptions(wanted)), imageView);
  }

  @Get(':digest')
  async show(@Param() path: unknown, @Query() query: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    const { digest } = parse(imagePath, path, 'path');
    const wanted = parse(z.strictObject(atLeast), query, 'query');
    await this.reads.upTo(wanted.atLeast, reply);
    const row = this.reads.rows.image(digest);
    if (row === null) throw new Refusal('image-not-found', `image ${digest} is not registered`);
    return imageView(row);
  }
}

const imageView = ({ image, registeredAt }: ImageRow) => ({
  digest: image.digest,
  manifest: image.manifest,
  registeredAt,
});
