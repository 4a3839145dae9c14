import { z } from 'zod';
import { authorizedKeys, base64, count, hostname, id, sha256Hex } from './fields.ts';
import { limits } from './limits.ts';
import { sealingSuites } from './suites.ts';

const header = {
  version: z.literal(1),
  networkId: id,
  vmId: id,
  generation: count,
  bootId: id,
  /** SHA-256 of the guest's public key of this boot: no other boot, and no other guest, is spoken to. */
  guestKeySha256: sha256Hex,
};
const challenge = base64(16, limits.nonceBytesMax);

const release = z.strictObject({
  ...header,
  purpose: z.literal('release'),
  nonce: challenge,
  suite: z.enum(sealingSuites),
  enc: base64(32, limits.encBytesMax),
  ciphertext: base64(16, limits.plaintextBytesMax + 16),
  /** A blank disk says nothing; this does. */
  mode: z.enum(['format', 'unlock']),
  /** The LUKS2 header the volume must have; null where it is made now. */
  headerSha256: sha256Hex.nullable(),
  /** The opening that was confirmed last: a volume that was opened by none since is an older copy, and is not counted up. */
  minCounter: count,
  /** The number of this opening, which no other release gives; not there in what networks of before ADR-0049 sealed. */
  counter: count.optional(),
  /** The LUKS2 header of the private image that the volume is filled from; there for such an image only. */
  imageHeaderSha256: sha256Hex.optional(),
});

const goAhead = z.strictObject({
  ...header,
  purpose: z.literal('go-ahead'),
  nonce: challenge,
  counter: count,
  sshHostKeySha256: sha256Hex,
});

const access = z.strictObject({
  ...header,
  purpose: z.literal('access'),
  /** Answers no challenge: `keysVersion` says which of two is newer. */
  nonce: z.literal(''),
  keysVersion: count,
  hostname,
  authorizedKeys,
});

/** What the network says to a guest, as it is signed. A release formats exactly when it pins no header. */
export const networkMessage = z
  .discriminatedUnion('purpose', [release, goAhead, access])
  .refine((body) => body.purpose !== 'release' || (body.mode === 'format') === (body.headerSha256 === null), {
    message: 'expected a header to be pinned exactly when the volume is unlocked',
    path: ['headerSha256'],
  })
  .refine((body) => body.purpose !== 'release' || body.mode === 'format' || body.imageHeaderSha256 === undefined, {
    message: 'expected a private image only where the volume is filled',
    path: ['imageHeaderSha256'],
  });

type Messages = {
  readonly release: z.infer<typeof release>;
  readonly 'go-ahead': z.infer<typeof goAhead>;
  readonly access: z.infer<typeof access>;
};
export type MessagePurpose = keyof Messages;
export type MessageOf<Purpose extends MessagePurpose> = Messages[Purpose];
export type NetworkMessage = Messages[MessagePurpose];

/** What a guest knows before a message comes, and what that message must therefore say. */
export type ExpectedMessage<Purpose extends MessagePurpose = MessagePurpose> = {
  readonly purpose: Purpose;
  readonly networkId: string;
  readonly vmId: string;
  readonly generation: number;
  readonly bootId: string;
  /** The challenge that is answered, base64; empty for `access`. */
  readonly nonce: string;
  readonly guestKeySha256: string;
};
