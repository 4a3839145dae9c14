/** Every way this adapter can say no. Closed, so that callers can switch on it. */
export type NatsErrorCode =
  | 'server-too-old'
  | 'topology-refused'
  | 'port-in-use'
  | 'binary-missing'
  | 'already-running'
  | 'server-died-at-start'
  | 'server-not-ready'
  | 'not-a-user-key'
  | 'not-a-miner-id'
  | 'secrets-unreadable';

export type NatsErrorFacts = Readonly<Record<string, string | number | readonly string[]>>;

/** The NATS side cannot be used as it is. The message names the thing, what was observed, what was wanted and the fix. */
export class NatsError extends Error {
  override readonly name = 'NatsError';
  readonly code: NatsErrorCode;
  readonly facts: NatsErrorFacts;

  constructor(code: NatsErrorCode, message: string, facts: NatsErrorFacts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

/** The sentence of an unknown error. */
export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
