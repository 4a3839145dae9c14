import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { lengthPrefixed } from '#attestation';
import { canonicalText } from './canonical.ts';
import { base64, firstIssue } from './fields.ts';
import { limits } from './limits.ts';
import {
  type ExpectedMessage,
  type MessageOf,
  type MessagePurpose,
  type NetworkMessage,
  networkMessage,
} from './messages.ts';
import { rawPublicKey } from './raw-key.ts';
import { SealingError } from './sealing-error.ts';

const envelope = z.strictObject({ body: z.string(), signature: base64(64, 64) });

/**
 * A message of the network to one guest as text: its canonical body and an Ed25519 signature over `hcc-network-message-v1`
 * and that body, length-prefixed. Throws SealingError `message-malformed` for a body no guest would take,
 * `network-key-malformed` for a key of another kind.
 */
export const signNetworkMessage = (body: NetworkMessage, privateKey: KeyObject): string => {
  if (privateKey.asymmetricKeyType !== 'ed25519' || privateKey.type !== 'private') {
    const observed = `${privateKey.type} ${privateKey.asymmetricKeyType ?? ''}`.trim();
    throw new SealingError('network-key-malformed', `the network signs with a ${observed} key, wanted private ed25519`);
  }
  const checked = networkMessage.safeParse(body);
  if (!checked.success) throw malformed(firstIssue(checked.error));
  const text = canonicalText(checked.data);
  const signature = sign(null, signedBytes(text), privateKey).toString('base64');
  const message = canonicalText({ body: text, signature });
  if (message.length > limits.messageCharsMax) throw tooLong(message.length);
  return message;
};

/**
 * The message that a text holds, when the network (its raw Ed25519 key, 32 bytes) signed it for exactly what is expected.
 * Promises to take one text only for one message: no other spelling of it is accepted. Throws SealingError and nothing else.
 */
export const openNetworkMessage = <Purpose extends MessagePurpose>(
  text: string,
  publicKeyRaw: Uint8Array,
  expected: ExpectedMessage<Purpose>,
): MessageOf<Purpose> => {
  const networkKey = networkKeyOf(publicKeyRaw);
  if (text.length > limits.messageCharsMax) throw tooLong(text.length);
  const outer = envelope.safeParse(jsonOf(text));
  if (!outer.success) throw malformed(firstIssue(outer.error));
  const { body, signature } = outer.data;
  if (canonicalText(outer.data) !== text || !body.isWellFormed()) throw malformed('the text is not canonical');
  if (!verify(null, signedBytes(body), networkKey, Buffer.from(signature, 'base64'))) {
    throw new SealingError(
      'message-signature',
      'the message was not signed by the network key this guest was measured with',
    );
  }
  const inner = networkMessage.safeParse(jsonOf(body));
  if (!inner.success) throw malformed(firstIssue(inner.error));
  if (canonicalText(inner.data) !== body) throw malformed('the body is not canonical');
  for (const field of ['purpose', 'networkId', 'vmId', 'generation', 'bootId', 'guestKeySha256', 'nonce'] as const) {
    if (inner.data[field] !== expected[field]) throw other(field, inner.data[field], expected[field]);
  }
  if (!isOf(inner.data, expected.purpose)) throw other('purpose', inner.data.purpose, expected.purpose);
  return inner.data;
};

const isOf = <Purpose extends MessagePurpose>(
  message: NetworkMessage,
  purpose: Purpose,
): message is MessageOf<Purpose> => message.purpose === purpose;

const signedBytes = (body: string): Uint8Array => lengthPrefixed('hcc-network-message-v1', body);

const networkKeyOf = (raw: Uint8Array): KeyObject => {
  try {
    return rawPublicKey(raw, 'ed25519');
  } catch {
    throw new SealingError('network-key-malformed', `the network key has ${raw.length} bytes, wanted 32 of Ed25519`);
  }
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('the text is no JSON');
  }
};

const malformed = (observed: string): SealingError =>
  new SealingError('message-malformed', `a message of the network is malformed: ${observed}`);

const tooLong = (chars: number): SealingError =>
  malformed(`${chars} characters, at most ${limits.messageCharsMax} are taken`);

const other = (field: string, observed: string | number, wanted: string | number): SealingError =>
  new SealingError('message-other', `the message is for another ${field}: ${observed}, wanted ${wanted}`);
