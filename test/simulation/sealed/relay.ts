import { BusUnavailable, type Clock } from '#events';
import { NetworkRefused } from '../../../apps/guest-agent/src/boot/host.ts';
import {
  createGuestDesk,
  type GuestDesk,
  type GuestNetwork,
  refusalOf,
} from '../../../apps/miner-node/src/guest/guest-desk.ts';
import type { Random } from '../random.ts';
import type { Ask } from './prove.ts';

/** How a host may treat what its guest asks for. */
export type Deceit = 'answers-with-an-old-answer' | 'holds-the-request-back';

/** What a host's agent passes on for its guests, in each of its lives. */
export type Relay = {
  /** The way of one VM's guest to the network. */
  askOf(vmId: string): Ask;
  connect(network: Omit<GuestNetwork, 'openSecureProcessor'>): void;
  disconnect(): void;
  isUp(): boolean;
  /** From now on, until it has worked once. */
  deceive(vmId: string, deceit: Deceit): void;
  calm(): void;
};

/** An agent that is not there, or was restarted meanwhile, answers nothing. */
const againMs = 1_000;
/** A guest that hears nothing for so long asks again. */
const silenceMs = 10_000;
/** Longer than an appraisal may be old. */
const heldBackMs = 65_000;
/** Old answers that a liar keeps. */
const keptMax = 20;

type Request = { readonly what: Parameters<Ask>[0]; readonly body: string };

export const createRelay = (clock: Clock, random: Random): Relay => {
  const deceits = new Map<
    string,
    { readonly deceit: Deceit; held: { readonly body: string; readonly at: number } | null }
  >();
  const kept: (Request & { readonly answer: string })[] = [];
  let desk: GuestDesk | null = null;

  const passOn = async (vmId: string, { what, body }: Request): Promise<string> => {
    const used = desk;
    if (used === null) throw new BusUnavailable('no agent runs here');
    const answer = await within(clock, used.ask(vmId, what, body));
    if (used !== desk) throw new BusUnavailable('the agent was started anew meanwhile');
    if (what === 'release' || what === 'confirm') kept.push({ what, body, answer });
    if (kept.length > keptMax) kept.shift();
    return answer;
  };
  /** What a liar does instead; `null` where this is not what it waits for. */
  const deceived = (vmId: string, { what, body }: Request): Promise<string> | null => {
    const lie = deceits.get(vmId);
    const old = kept.filter((one) => one.what === what);
    if (lie?.deceit === 'answers-with-an-old-answer' && old.length > 0) {
      deceits.delete(vmId);
      return Promise.resolve(random.pick(old).answer);
    }
    if (lie?.deceit !== 'holds-the-request-back' || what !== 'release') return null;
    lie.held ??= { body, at: clock.now() };
    if (clock.now() - lie.held.at < heldBackMs) throw new BusUnavailable('held back');
    deceits.delete(vmId);
    return passOn(vmId, { what, body: lie.held.body });
  };

  return {
    askOf: (vmId) => async (what, content) => {
      const request = { what, body: JSON.stringify(content) };
      try {
        return await (deceived(vmId, request) ?? passOn(vmId, request));
      } catch (error) {
        const { code, words, retryInMs } = refusalOf(error, againMs);
        throw new NetworkRefused(code, words, retryInMs);
      }
    },
    connect: (network) => {
      desk = createGuestDesk();
      // What signs is the machine's own affair here: only what is passed on is simulated.
      desk.connect({ ...network, openSecureProcessor: () => Promise.reject(new Error('not simulated')) });
    },
    disconnect: () => {
      desk = null;
    },
    isUp: () => desk !== null,
    deceive: (vmId, deceit) => void deceits.set(vmId, { deceit, held: null }),
    calm: () => deceits.clear(),
  };
};

const within = async (clock: Clock, answer: Promise<string>): Promise<string> => {
  const heard = new AbortController();
  const silence = clock.sleep(silenceMs, heard.signal).then(() => {
    throw new BusUnavailable('nobody answered');
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    heard.abort();
    silence.catch(() => undefined);
  }
};
