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
export type Deceit = 'answers-with-an-old-answer' | 'holds-the-request-back' | 'tries-first' | 'tries-after';

/** What a host's agent passes on for its guests, in each of its lives. */
export type Relay = {
  /** The way of one VM's guest to the network. */
  askOf(vmId: string): Ask;
  connect(network: Omit<GuestNetwork, 'openSecureProcessor'>): void;
  disconnect(): void;
  isUp(): boolean;
  /** The same way for the host itself, which lies to nobody then. */
  honestlyFor(vmId: string): Ask;
  /** From now on, until it has worked once. `own` is what the host does itself meanwhile. */
  deceive(vmId: string, deceit: Deceit, own?: () => Promise<void>): void;
  calm(): void;
};

/** An agent that is not there, or was restarted meanwhile, answers nothing. */
const againMs = 1_000;
/** A guest that hears nothing for so long asks again. */
const silenceMs = 10_000;
/** Longer than an appraisal may be old, by less than clocks may differ: beyond that its result has expired, whatever the rules of keys say. */
const heldBackMs = 61_000;
/** Old answers that a liar keeps. */
const keptMax = 20;

type Lie = {
  readonly deceit: Deceit;
  readonly own: () => Promise<void>;
  held: { readonly body: string; readonly at: number } | null;
};
type Request = { readonly what: Parameters<Ask>[0]; readonly body: string };

export const createRelay = (clock: Clock, random: Random): Relay => {
  const deceits = new Map<string, Lie>();
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
  const deceived = async (vmId: string, { what, body }: Request): Promise<string | null> => {
    const lie = deceits.get(vmId);
    const old = kept.filter((one) => one.what === what);
    if (lie?.deceit === 'answers-with-an-old-answer' && old.length > 0) {
      deceits.delete(vmId);
      return random.pick(old).answer;
    }
    if (lie === undefined || what !== 'release') return null;
    if (lie.deceit === 'tries-first' || lie.deceit === 'tries-after') {
      deceits.delete(vmId);
      return tried(lie, () => passOn(vmId, { what, body }));
    }
    if (lie.deceit !== 'holds-the-request-back') return null;
    lie.held ??= { body, at: clock.now() };
    if (clock.now() - lie.held.at < heldBackMs) throw new BusUnavailable('held back');
    deceits.delete(vmId);
    return passOn(vmId, { what, body: lie.held.body });
  };

  const asking =
    (pass: (request: Request) => Promise<string>): Ask =>
    async (what, content) => {
      try {
        return await pass({ what, body: JSON.stringify(content) });
      } catch (error) {
        const { code, words, retryInMs } = refusalOf(error, againMs);
        throw new NetworkRefused(code, words, retryInMs);
      }
    };

  return {
    askOf: (vmId) => asking(async (request) => (await deceived(vmId, request)) ?? passOn(vmId, request)),
    honestlyFor: (vmId) => asking((request) => passOn(vmId, request)),
    connect: (network) => {
      desk = createGuestDesk();
      // What signs is the machine's own affair here: only what is passed on is simulated.
      desk.connect({ ...network, openSecureProcessor: () => Promise.reject(new Error('not simulated')) });
    },
    disconnect: () => {
      desk = null;
    },
    isUp: () => desk !== null,
    deceive: (vmId, deceit, own = async () => undefined) => void deceits.set(vmId, { deceit, own, held: null }),
    calm: () => deceits.clear(),
  };
};

const tried = async ({ deceit, own }: Lie, pass: () => Promise<string>): Promise<string> => {
  if (deceit === 'tries-first') await own();
  const answer = await pass();
  if (deceit === 'tries-after') void own();
  return answer;
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
