import {
  ChannelError,
  type GuestAsk,
  type GuestStage,
  parseVmHostMessage,
  type VmGuestMessage,
  type VmHostMessage,
} from '#guest-channel';
import { limits } from './limits.ts';
import type { Link } from './link.ts';

/** What passes between this machine and the network, by a host that nobody believes. */
export type Host = {
  /** Which machine this is, as the host has it: said hello to at once, and until it says. */
  hello(agentVersion: string): () => Promise<string>;
  /** The network's answer, as text. Asked again and again until there is one. Rejects with NetworkRefused. */
  ask(what: GuestAsk, body: unknown): Promise<string>;
  /** Asks at once, and listens once the answer is waited for: what the machine does in between costs no time. One question
   *  at a time. */
  begin(what: GuestAsk, body: unknown): () => Promise<string>;
  stage(name: GuestStage): Promise<void>;
  stopped(code: string, words: string): Promise<void>;
  ready(sshHostKey: string, keysVersion: number): Promise<void>;
  /** The next envelope of the network that came unasked, or null when none did in time. */
  access(timeoutMs: number): Promise<string | null>;
  connections(): number;
};

/** The network, or the host in its name, said no. */
export class NetworkRefused extends Error {
  override readonly name = 'NetworkRefused';
  readonly code: string;
  /** Null where asking again is of no use. */
  readonly retryInMs: number | null;

  constructor(code: string, words: string, retryInMs: number | null) {
    super(words);
    this.code = code;
    this.retryInMs = retryInMs;
  }
}

/** The conversation on `hcc.guest`. What has no place in it is passed over: a host can be silent, and that is all. */
export const hostOn = (
  link: Link,
  { uptimeMs, onNoise }: { readonly uptimeMs: () => number; readonly onNoise: (reason: string) => void },
): Host => {
  let exchange = 0;
  /** The newest that came while something else was waited for. */
  let envelope: string | null = null;

  const say = (message: Unversioned<VmGuestMessage>) => link.send({ version: 1, ...message });
  /** Promises which connection it was said to. */
  const sayTo = (message: Unversioned<VmGuestMessage>): Promise<number> => say(message).then(link.connections);
  const hear = async (timeoutMs: number, pollMs?: number): Promise<VmHostMessage | null> => {
    const frame = await link.next(timeoutMs, pollMs);
    if (frame === null) return null;
    try {
      const message = parseVmHostMessage(frame);
      if (message.type === 'access') envelope = message.envelope;
      return message;
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      onNoise(error.message);
      return null;
    }
  };
  /** Says something at once. Who then waits for what is wanted says it again after a while, and at once to a host that just
   *  came. */
  const beginHearing = <T>(
    message: Unversioned<VmGuestMessage>,
    wanted: (heard: VmHostMessage) => T | undefined,
  ): (() => Promise<T>) => {
    let said = sayTo(message);
    // Whoever waits hears of a port that broke.
    said.catch(() => undefined);
    return async () => {
      for (let waitMs: number = limits.askAgainMs; ; waitMs = Math.min(2 * waitMs, limits.askAgainMsMax)) {
        const [saidTo, until] = [await said, uptimeMs() + waitMs];
        while (uptimeMs() < until && link.connections() === saidTo) {
          const heard = await hear(limits.busyPollMs);
          const found = heard === null ? undefined : wanted(heard);
          if (found !== undefined) return found;
        }
        said = sayTo(message);
      }
    };
  };
  const begin = (what: GuestAsk, body: unknown): (() => Promise<string>) => {
    exchange += 1;
    const mine = exchange;
    const answered = beginHearing({ type: 'ask', exchange: mine, what, body: JSON.stringify(body) }, (heard) =>
      (heard.type === 'answer' || heard.type === 'refused') && heard.exchange === mine ? heard : undefined,
    );
    return async () => {
      const answer = await answered();
      if (answer.type === 'answer') return answer.body;
      throw new NetworkRefused(answer.code, answer.words, answer.retryInMs);
    };
  };

  return {
    hello: (agentVersion) =>
      beginHearing({ type: 'hello', agentVersion }, (heard) => (heard.type === 'boot' ? heard.bootSpec : undefined)),
    ask: (what, body) => begin(what, body)(),
    begin,
    stage: async (name) => void (await say({ type: 'stage', name, atMs: uptimeMs() })),
    stopped: async (code, words) => void (await say({ type: 'stopped', code, words })),
    ready: async (sshHostKey, keysVersion) => void (await say({ type: 'ready', sshHostKey, keysVersion })),
    access: async (timeoutMs) => {
      if (envelope === null) await hear(timeoutMs, limits.idlePollMs);
      const taken = envelope;
      envelope = null;
      return taken;
    },
    connections: link.connections,
  };
};

type Unversioned<Message> = Message extends { readonly version: 1 } ? Omit<Message, 'version'> : never;
