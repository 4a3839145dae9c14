import { type GuestMessage, type HostMessage, parseHostMessage } from '#guest-channel';
import { limits } from './limits.ts';
import type { Port } from './port/virtio-port.ts';
import { Refuse, Stop } from './stop.ts';

type Unversioned<Message> = Message extends { readonly version: 1 } ? Omit<Message, 'version'> : never;

/** The miner's agent, at the other end of the port. Nothing it says is believed. */
export type Host = {
  say(message: Unversioned<GuestMessage>): Promise<void>;
  /** The next message whenever it comes. */
  next(): Promise<HostMessage>;
  /** The next message, which must be of this type, and of this round where it is of one. A host that says it failed is
   *  told by Refuse (`host-failed`); one that says something else, or nothing for a minute, ends us. */
  expect<Type extends HostMessage['type']>(
    type: Type,
    exchange?: number,
  ): Promise<Extract<HostMessage, { readonly type: Type }>>;
};

export const hostOn = (port: Port): Host => ({
  say: (message) => port.send({ version: 1, ...message }),
  next: async () => parseHostMessage(await port.next()),
  expect: async (type, exchange) => {
    const message = parseHostMessage(await port.next(limits.answerMs));
    const isOfRound = exchange === undefined || ('exchange' in message && message.exchange === exchange);
    if (isOfRound && message.type === 'failed') throw new Refuse('host-failed', `${message.code}: ${message.words}`);
    if (isOfRound && isType(message, type)) return message;
    throw new Stop('protocol', `the host says ${message.type}, wanted ${type} of round ${exchange ?? 'none'}`);
  },
});

const isType = <Type extends HostMessage['type']>(
  message: HostMessage,
  type: Type,
): message is Extract<HostMessage, { readonly type: Type }> => message.type === type;
