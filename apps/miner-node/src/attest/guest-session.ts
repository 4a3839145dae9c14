import { type GuestMessage, type HostQuote, parseGuestMessage } from '#guest-channel';
import { wordsOf } from '../failure.ts';
import { AttestError } from './attest-error.ts';
import { sendList } from './list-parts.ts';
import type { HostMeasurements, RoundResult, RoundTerms } from './ports.ts';

type Ready = Extract<GuestMessage, { readonly type: 'ready' }>;
type Round = {
  readonly exchange: number;
  quote: HostQuote | null;
  readonly done: (result: RoundResult) => void;
  readonly failed: (error: Error) => void;
};

/** The conversation with one life of the guest agent. Whatever it says out of turn ends the conversation. */
export class GuestSession {
  readonly #bootSpec: string;
  readonly #measurements: HostMeasurements;
  readonly #send: (message: unknown) => void;
  readonly #readied = Promise.withResolvers<Ready>();
  #round: Round | null = null;
  #exchange = 0;
  #ended: Error | null = null;

  constructor(parts: {
    readonly bootSpec: string;
    readonly measurements: HostMeasurements;
    readonly send: (message: unknown) => void;
  }) {
    this.#bootSpec = parts.bootSpec;
    this.#measurements = parts.measurements;
    this.#send = parts.send;
    this.#readied.promise.catch(() => undefined);
  }

  /** Fulfilled once the guest knows who it is; rejected with AttestError when it ended before. */
  get ready(): Promise<Ready> {
    return this.#readied.promise;
  }

  /** One round; one at a time. Rejects with AttestError: `guest-refused`, `guest-stopped`, `hccam-ended`. */
  attest(terms: RoundTerms): Promise<RoundResult> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    if (this.#round !== null) throw new Error('bug: two rounds at a time');
    this.#exchange += 1;
    const exchange = this.#exchange;
    const { promise, resolve: done, reject: failed } = Promise.withResolvers<RoundResult>();
    this.#round = { exchange, quote: null, done, failed };
    const { bundle, ...rest } = terms;
    this.#say({ type: 'attest', exchange, ...rest, bundle: [...bundle], launchDigest: null });
    return promise.finally(() => {
      this.#round = null;
    });
  }

  /** Takes one frame of the guest. Throws ChannelError or AttestError for one that has no place here. */
  hear(frame: unknown): void {
    const message = parseGuestMessage(frame);
    switch (message.type) {
      case 'hello':
        this.#say({ type: 'boot', bootSpec: this.#bootSpec });
        break;
      case 'ready':
        this.#readied.resolve(message);
        break;
      case 'stopped':
        this.end(new AttestError('guest-stopped', `HCCAM stopped, ${message.code}: ${message.words}`));
        break;
      default:
        this.#hearOfRound(message);
    }
  }

  /** Nothing more comes: whoever waits is told why. */
  end(error: Error): void {
    this.#ended ??= error;
    this.#readied.reject(this.#ended);
    this.#round?.failed(this.#ended);
  }

  #hearOfRound(message: Exclude<GuestMessage, { readonly type: 'hello' | 'ready' | 'stopped' }>): void {
    const round = this.#round;
    if (round === null || message.exchange !== round.exchange) {
      const open = round === null ? 'none is open' : `wanted ${round.exchange}`;
      throw new AttestError('hccam-misbehaved', `HCCAM says ${message.type} of round ${message.exchange}, ${open}`);
    }
    switch (message.type) {
      case 'need-quote':
        this.#serve(round, () => this.#quote(round, Buffer.from(message.qualifyingData, 'base64')));
        break;
      case 'need-ima':
        this.#serve(round, () => this.#list(round, message.from));
        break;
      case 'refused':
        round.failed(new AttestError('guest-refused', `HCCAM refuses, ${message.code}: ${message.words}`));
        break;
      case 'evidence':
        if (round.quote === null) throw new AttestError('hccam-misbehaved', 'HCCAM gives evidence without a quote');
        round.done({ evidence: message.evidence, quote: round.quote });
    }
  }

  #list(round: Round, from: number): Promise<void> {
    return sendList(this.#measurements.list(from), from, (part) =>
      this.#say({ type: 'ima', exchange: round.exchange, ...part }),
    );
  }

  async #quote(round: Round, qualifyingData: Uint8Array): Promise<void> {
    const quote = await this.#measurements.quote(qualifyingData);
    round.quote = quote;
    this.#say({ type: 'quote', exchange: round.exchange, quote });
  }

  /** What the guest asks for, it gets, or the reason why not: it refuses the round then, in words that name ours. */
  #serve(round: Round, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (this.#round === round) this.#say({ type: 'failed', exchange: round.exchange, ...wordsOf(error) });
    });
  }

  #say(message: Readonly<Record<string, unknown>>): void {
    this.#send({ version: 1, ...message });
  }
}
