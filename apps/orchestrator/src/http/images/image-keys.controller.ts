import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { demandImageUse, demandOwner, type ImageDigest } from '#domain';
import type { EventStore } from '#events';
import { sealedImageKey } from '#sealing';
import { HandleImage } from '../../handling/messages.ts';
import type { HandOver } from '../../sealed/hand-over.ts';
import { HAND_OVER, STAMP, STORE } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { imageNow } from '../ownership.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { retirement } from '../schemas/flavors.ts';
import { imagePath, sealingKeyQuery } from '../schemas/images.ts';
import type { Stamp } from '../stamp.ts';
import { demandImage } from './image-sight.ts';

const showSealingKey = route({
  method: 'GET',
  path: '/v1/vault/sealing-key',
  summary:
    "The key that keys of private images are sealed to, as the network's vault has it now, signed by the network",
  // Those who may hand a key over, and nobody else: each answer is a signature of the network.
  roles: ['owner'],
  query: sealingKeyQuery,
  answer: json(
    z
      .strictObject({
        announcement: z
          .string()
          .describe(
            "A signed message: check it with the network's public key, network.pub, which you have from elsewhere (ADR-0048)",
          ),
      })
      .meta({ id: 'VaultAnnouncement' }),
  ),
  refusals: ['vault-key-unusable'],
});

const giveImageKey = route({
  method: 'POST',
  path: '/v1/images/:digest/key',
  summary: 'Hand the key of a private image, sealed, to the vault, where guests of its owner that attested get it from',
  roles: ['owner'],
  params: imagePath,
  body: sealedImageKey,
  answer: commandAnswer,
  refusals: [
    ...(['image-not-found', 'image-not-private', 'image-key-destroyed', 'image-key-other'] as const),
    ...(['image-key-suite-unknown', 'image-key-sealed-to-other', 'image-key-length', 'image-key-unopened'] as const),
    'vault-key-unusable',
  ],
});

const withdrawImageKey = route({
  method: 'DELETE',
  path: '/v1/images/:digest/key',
  summary: 'Have the key of a private image destroyed, for good; VMs whose disks were filled from it go on',
  roles: ['operator', 'owner'],
  params: imagePath,
  body: retirement,
  answer: commandAnswer,
  refusals: ['image-not-found', 'image-not-private', 'invalid-name'],
});

/** The keys of private images, on their way into the vault and out of it. No answer, event or error has one. */
@Controller()
export class ImageKeysController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STORE) private readonly store: EventStore,
    @Inject(HAND_OVER) private readonly handOver: HandOver,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(showSealingKey)
  async sealingKey(@Asked(showSealingKey) { query: { nonce } }: AskedOf<typeof showSealingKey>) {
    return { announcement: await this.handOver.announce(Buffer.from(nonce, 'hex')) };
  }

  @Answers(giveImageKey)
  async give(
    @From() caller: Caller,
    @Asked(giveImageKey) { params: { digest }, body }: AskedOf<typeof giveImageKey>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const image = demandImage(caller.principal, await imageNow(this.store, digest), digest);
    const { owner, key } = demandOwner(image, caller.principal.accountId);
    if (key === 'withdrawn' || key === 'destroyed') demandImageUse(image, owner);
    // The vault first: an event that says it has a key would else be wrong until it has.
    const { keyVersion } = await this.handOver.keep(body, { imageDigest: digest, accountId: owner });
    const command = { type: 'RecordImageKeyKept', keyVersion, now: this.stamp.now() } as const;
    return this.handle(caller, reply, digest, command);
  }

  @Answers(withdrawImageKey)
  async withdraw(
    @From() caller: Caller,
    @Asked(withdrawImageKey) { params: { digest }, body }: AskedOf<typeof withdrawImageKey>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandImage(caller.principal, await imageNow(this.store, digest), digest);
    return this.handle(caller, reply, digest, { ...body, type: 'WithdrawImageKey', now: this.stamp.now() });
  }

  private async handle(caller: Caller, reply: HttpReply, digest: ImageDigest, command: HandleImage['command']) {
    // Named by the caller's Idempotency-Key or by nothing: nothing is ever derived from the key.
    const meta = this.stamp.change(caller, command.type, digest);
    const outcome = await this.commands.execute(new HandleImage(digest, command, meta));
    return accepted(reply, outcome, `/v1/images/${digest}`);
  }
}
