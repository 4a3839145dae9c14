import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type AccountId, demandImageUse, demandOwner, type ImageDigest, Refusal } from '#domain';
import { type EventStore, imageKeyHolder, type KeyVault, VaultError } from '#events';
import { HandleImage } from '../../handling/messages.ts';
import { IMAGE_KEYS, STAMP, STORE } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { imageNow } from '../ownership.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, route } from '../route.ts';
import { retirement } from '../schemas/flavors.ts';
import { imageKey, imageKeyBytes, imagePath } from '../schemas/images.ts';
import type { Stamp } from '../stamp.ts';
import { demandImage } from './image-sight.ts';

const giveImageKey = route({
  method: 'POST',
  path: '/v1/images/:digest/key',
  summary:
    'Hand the key of a private image to the vault, where guests of its owner that attested get it from; send it over TLS',
  roles: ['owner'],
  params: imagePath,
  body: imageKey,
  answer: commandAnswer,
  refusals: ['image-not-found', 'image-not-private', 'image-key-destroyed', 'image-key-other'],
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
    @Inject(IMAGE_KEYS) private readonly vault: Pick<KeyVault, 'keep'>,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

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
    const { keyVersion } = await this.keep(digest, owner, imageKeyBytes(body));
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

  private async keep(digest: ImageDigest, owner: AccountId, key: Buffer) {
    try {
      return await this.vault.keep(imageKeyHolder(digest, owner), key);
    } catch (error) {
      if (error instanceof VaultError && error.code === 'key-destroyed') {
        throw new Refusal('image-key-destroyed', error.message);
      }
      if (error instanceof VaultError && error.code === 'key-other')
        throw new Refusal('image-key-other', error.message);
      throw error;
    } finally {
      key.fill(0);
    }
  }

  private async handle(caller: Caller, reply: HttpReply, digest: ImageDigest, command: HandleImage['command']) {
    // Named by the caller's Idempotency-Key or by nothing: nothing is ever derived from the key.
    const meta = this.stamp.change(caller, command.type, digest);
    const outcome = await this.commands.execute(new HandleImage(digest, command, meta));
    return accepted(reply, outcome, `/v1/images/${digest}`);
  }
}
