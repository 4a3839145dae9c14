import type { z } from 'zod';
import { unreachable } from '#domain';
import {
  AttestationRefused,
  type AttesterBus,
  attestationMessages,
  BusUnavailable,
  type GuestBus,
  GuestRefused,
  guestRequests,
} from '#events';
import type { GuestAsk } from '#guest-channel';
import { wordsOf } from '../failure.ts';
import type { OpenSecureProcessor } from '../processor/secure-processor.ts';

/** What guests of this host reach: whoever judges them, whoever has their keys, and the processor that signs for them. */
export type GuestNetwork = {
  readonly attestation: Pick<AttesterBus, 'ask'>;
  readonly guests: GuestBus;
  readonly openSecureProcessor: OpenSecureProcessor;
};

/** The guests' way to the network. There before the network is: VMs that run are taken over first. */
export type GuestDesk = {
  /** Passes one request of a VM on, and the answer back, as JSON text. This host adds the VM's id and can make or open
   *  nothing else of it. Rejects as {@link refusalOf} reads it. */
  ask(vmId: string, what: GuestAsk, body: string): Promise<string>;
  /** The processor that signs for guests; waits for the network. */
  openSecureProcessor: OpenSecureProcessor;
  /** From now on there is a network. */
  connect(network: GuestNetwork): void;
};

export const createGuestDesk = (): GuestDesk => {
  const connected = Promise.withResolvers<GuestNetwork>();
  let network: GuestNetwork | null = null;
  return {
    ask: async (vmId, what, body) => {
      if (network === null) throw new BusUnavailable('this miner has no connection to the network yet');
      return JSON.stringify(await pass(network, what, { ...read(body), vmId }));
    },
    openSecureProcessor: async () => (await connected.promise).openSecureProcessor(),
    connect: (opened) => {
      network = opened;
      connected.resolve(opened);
    },
  };
};

/** A "no" in the form a guest takes. `retryInMs` is `null` where asking again is of no use. */
export type Refusal = { readonly code: string; readonly words: string; readonly retryInMs: number | null };

/** What a guest is told of a request that failed. Whoever refused says when to ask again; where nobody did, in `laterMs`. Pure. */
export const refusalOf = (error: unknown, laterMs: number): Refusal => {
  const said = wordsOf(error);
  if (error instanceof AttestationRefused || error instanceof GuestRefused) {
    return { ...said, retryInMs: error.retryInMs };
  }
  if (error instanceof BusUnavailable) return { ...said, code: 'bus-unavailable', retryInMs: laterMs };
  if (error instanceof AskMalformed) return { ...said, retryInMs: null };
  return { ...said, retryInMs: laterMs };
};

/** A guest's request is none of this protocol. */
export class AskMalformed extends Error {
  override readonly name = 'AskMalformed';
  readonly code = 'ask-malformed';
}

const pass = async (network: GuestNetwork, what: GuestAsk, message: unknown): Promise<unknown> => {
  const { attestation, guests } = network;
  switch (what) {
    case 'challenge':
      return attestation.ask('guest-challenge', strictly(what, attestationMessages['guest-challenge'].ask, message));
    case 'evidence':
      return attestation.ask('guest-evidence', strictly(what, attestationMessages['guest-evidence'].ask, message));
    case 'release':
      return guests.ask('release', strictly(what, guestRequests.release.ask, message));
    case 'confirm':
      return guests.ask('confirm', strictly(what, guestRequests.confirm.ask, message));
    default:
      return unreachable(what);
  }
};

const strictly = <T>(what: GuestAsk, schema: z.ZodType<T>, message: unknown): T => {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join('.') || 'the whole';
  throw new AskMalformed(`the body of ${what} is not what it must be: ${where}: ${issue?.message ?? 'wrong'}`);
};

/** A body is a JSON object that names no VM: whose it is, this host says. */
const read = (body: string): object => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new AskMalformed(`a body of ${body.length} characters is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AskMalformed('a body is no object');
  if ('vmId' in value) throw new AskMalformed('a body names a VM, wanted it without');
  return value;
};
