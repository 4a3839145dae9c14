import type { KeyObject } from 'node:crypto';
import { firstIssue } from './fields.ts';
import { limits } from './limits.ts';
import {
  type ExpectedMessage,
  type MessageOf,
  type MessagePurpose,
  type NetworkMessage,
  networkMessage,
} from './messages.ts';
import { SealingError } from './sealing-error.ts';
import { malformed, openText, type SignedKind, signText } from './signed-text.ts';

const toGuest: SignedKind = {
  label: 'hcc-network-message-v1',
  charsMax: limits.messageCharsMax,
  knownKey: 'the network key this guest was measured with',
};

/**
 * A message of the network to one guest as text: its canonical body and an Ed25519 signature over `hcc-network-message-v1`
 * and that body, length-prefixed. Throws SealingError `message-malformed` for a body no guest would take,
 * `network-key-malformed` for a key of another kind.
 */
export const signNetworkMessage = (body: NetworkMessage, privateKey: KeyObject): string => {
  const checked = networkMessage.safeParse(body);
  if (!checked.success) throw malformed(firstIssue(checked.error));
  return signText(toGuest, checked.data, privateKey);
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
  const message: NetworkMessage = openText(toGuest, text, publicKeyRaw, networkMessage);
  for (const field of ['purpose', 'networkId', 'vmId', 'generation', 'bootId', 'guestKeySha256', 'nonce'] as const) {
    if (message[field] !== expected[field]) throw other(field, message[field], expected[field]);
  }
  if (!isOf(message, expected.purpose)) throw other('purpose', message.purpose, expected.purpose);
  return message;
};

const isOf = <Purpose extends MessagePurpose>(
  message: NetworkMessage,
  purpose: Purpose,
): message is MessageOf<Purpose> => message.purpose === purpose;

const other = (field: string, observed: string | number, wanted: string | number): SealingError =>
  new SealingError('message-other', `the message is for another ${field}: ${observed}, wanted ${wanted}`);
