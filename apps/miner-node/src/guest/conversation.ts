import type { Log } from '#edge';
import type { Clock } from '#events';
import { channelLimits, parseVmGuestMessage, type VmGuestMessage, type VmHostMessage } from '#guest-channel';
import { limits } from '../limits.ts';
import type { GuestSaid } from '../ports/hypervisor.ts';
import { type GuestDesk, type Refusal, refusalOf } from './guest-desk.ts';

export type ConversationParts = {
  readonly vmId: string;
  /** What the guest that runs was started as. */
  readonly bootSpec: string;
  /** Whether the guest has said before that log-ins work. */
  readonly isReady: boolean;
  /** The owner's SSH keys, signed by the network; `null` until there are newer ones than the guest was given. */
  readonly envelope: string | null;
  readonly desk: Pick<GuestDesk, 'ask'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onSaid: (said: GuestSaid) => void;
  readonly send: (message: VmHostMessage) => void;
};

type Ask = Extract<VmGuestMessage, { readonly type: 'ask' }>;

/** What is said between this host and the guest of a sealed VM. The host passes on what it can neither make nor open,
 *  remembers nothing that the guest would not say again, and believes none of it. */
export class Conversation {
  readonly #parts: ConversationParts;
  readonly #asked = new Set<number>();
  readonly #stages = new Set<string>();
  #envelope: string | null;
  #isReady: boolean;
  #isAsking = false;
  #allowance: { readonly asks: number; readonly at: number };
  /** How often in a row nobody answered. */
  #unanswered = 0;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    this.#envelope = parts.envelope;
    this.#isReady = parts.isReady;
    this.#allowance = { asks: limits.guestAskBurst, at: parts.clock.now() };
  }

  /** Takes one frame of the guest. Throws ChannelError for one that is none of this protocol. */
  hear(frame: unknown): void {
    const message = parseVmGuestMessage(frame);
    switch (message.type) {
      case 'hello':
        this.#isAsking = true;
        this.#say({ type: 'boot', bootSpec: this.#parts.bootSpec });
        break;
      case 'ask':
        this.#hearAsk(message);
        break;
      case 'stage':
        this.#hearStage(message.name, message.atMs);
        break;
      case 'ready': {
        this.#isAsking = false;
        const { sshHostKey, keysVersion } = message;
        this.#parts.onSaid({ kind: 'ready', sshHostKey, keysVersion });
        this.#isReady = true;
        this.tellAccess();
        break;
      }
      case 'stopped':
        this.#isAsking = false;
        this.#parts.onSaid({
          ...{ kind: 'failed', code: 'guest-stopped' },
          detail: `${message.code}: ${readable(message.words)}`,
        });
    }
  }

  /** Whether the guest was heard on its way through a boot, and its leave to start was not passed on since. What another
   *  agent passed on is not known here: a guest that asks again, which it does every few seconds, has not got it. */
  isAsking(): boolean {
    return this.#isAsking;
  }

  /** Newer keys, or none. A guest that runs is told at once. */
  setEnvelope(envelope: string | null): void {
    if (envelope === this.#envelope) return;
    this.#envelope = envelope;
    this.tellAccess();
  }

  /** Says again what a guest that is ready must know: whether it heard it before, nobody knows, and twice does no harm. */
  tellAccess(): void {
    if (this.#isReady && this.#envelope !== null) this.#say({ type: 'access', envelope: this.#envelope });
  }

  #hearAsk(ask: Ask): void {
    const { exchange } = ask;
    this.#isAsking = true;
    // Repeated while it is being answered: one answer is enough.
    if (this.#asked.has(exchange)) return;
    if (this.#asked.size >= limits.guestAsksAtOnceMax || !this.#mayAsk()) {
      const words = 'this host passes on only so many requests of one VM';
      this.#refuse(exchange, { code: 'throttled', words, retryInMs: limits.guestRetryMs });
    } else {
      this.#asked.add(exchange);
      void this.#relay(ask).finally(() => this.#asked.delete(exchange));
    }
  }

  async #relay({ exchange, what, body }: Ask): Promise<void> {
    const { desk, vmId, log } = this.#parts;
    try {
      const answer = await desk.ask(vmId, what, body);
      this.#unanswered = 0;
      if (what === 'confirm') this.#isAsking = false;
      this.#say({ type: 'answer', exchange, body: answer });
    } catch (error) {
      const pauseMs = Math.min(limits.guestRetryMs * 2 ** Math.min(this.#unanswered, 10), limits.guestRetryMaxMs);
      const refusal = refusalOf(error, pauseMs);
      this.#unanswered = refusal.code === 'bus-unavailable' ? this.#unanswered + 1 : 0;
      log('warn', 'a guest is refused', { vmId, what, code: refusal.code, reason: refusal.words });
      this.#refuse(exchange, refusal);
    }
  }

  /** Asks by asks earned: none is kept, so a guest that floods gains nothing. */
  #mayAsk(): boolean {
    const now = this.#parts.clock.now();
    const { asks, at } = this.#allowance;
    const earned = Math.min(limits.guestAskBurst, asks + (now - at) / limits.guestAskEveryMs);
    if (earned < 1) return false;
    this.#allowance = { asks: earned - 1, at: now };
    return true;
  }

  #hearStage(name: string, atMs: number): void {
    // After a question that was asked once more while its answer was on its way.
    if (name === 'confirmed' || name === 'pivot') this.#isAsking = false;
    if (this.#stages.has(name)) return;
    this.#stages.add(name);
    const { log, vmId } = this.#parts;
    log('info', 'a guest goes on', { vmId, stage: name, atMs });
  }

  #refuse(exchange: number, { code, words, retryInMs }: Refusal): void {
    const bounded = retryInMs === null ? null : Math.min(Math.max(0, Math.round(retryInMs)), channelLimits.retryMsMax);
    this.#say({ type: 'refused', exchange, code, words, retryInMs: bounded });
  }

  #say(message: WithoutVersion<VmHostMessage>): void {
    this.#parts.send({ version: 1, ...message });
  }
}

type WithoutVersion<Message> = Message extends { readonly version: 1 } ? Omit<Message, 'version'> : never;

/** A guest's words for a log line and a screen: printable ASCII. */
const readable = (text: string): string => text.replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
