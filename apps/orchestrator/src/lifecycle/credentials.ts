import {
  createUserKey,
  issueMinerJwt,
  issueServiceJwt,
  loadNatsOperator,
  NatsError,
  type NatsOperator,
} from '#adapters/nats';
import { fold } from '#domain';
import { type AskAnswer, aggregates, type Clock, type EventStore, readWholeStream, streamName } from '#events';
import { credentialsView, type IssueMinerJwt } from '../http/views/credentials.view.ts';
import { minerCredentialsMs } from './limits.ts';

/** The operator keys of a directory. Refuses one that has none, naming it. */
export const natsOperatorOf = async (dir: string): Promise<NatsOperator> => {
  const operator = await loadNatsOperator(dir);
  if (operator !== null) return operator;
  throw new NatsError(
    'secrets-unreadable',
    `there are no NATS operator keys in ${dir}; set HCC_NATS_SECRETS_DIR to the directory the NATS server was configured from (\`hcc up\` makes both)`,
    { path: dir },
  );
};

/** What this process proves itself with on the bus: a key of its own, made now and forgotten with it. */
export const ownCredentials = async (operator: NatsOperator) => {
  const { publicKey, seed } = createUserKey();
  const jwt = await issueServiceJwt(operator, { role: 'orchestrator', userPublicKey: publicKey, expiresAt: null });
  return { jwt, seed };
};

/** Issues miners their bus credentials. Refuses a key that is no user's (NatsError). */
export const minerCredentials =
  (operator: NatsOperator, servers: readonly string[], clock: Clock): IssueMinerJwt =>
  async (minerId, natsPublicKey) => {
    const expiresAt = clock.now() + minerCredentialsMs;
    return {
      jwt: await issueMinerJwt(operator, { minerId, userPublicKey: natsPublicKey, expiresAt }),
      expiresAt,
      servers,
    };
  };

/** Answers a miner that asks over the bus for its next credentials: for the key it enrolled with, and no other. */
export const renewal =
  (store: EventStore, issue: IssueMinerJwt) =>
  async (minerId: string): Promise<AskAnswer> => {
    const { decider, codec } = aggregates.miner;
    const history = await readWholeStream(store, streamName('miner', minerId));
    const miner = fold(decider, history.map(codec.decode));
    if (miner === null || miner.natsPublicKey === null) {
      return { ok: false, reason: `miner ${minerId} has not enrolled; use its join token` };
    }
    const issued = await issue(minerId, miner.natsPublicKey);
    return { ok: true, text: JSON.stringify(credentialsView(issued)) };
  };
