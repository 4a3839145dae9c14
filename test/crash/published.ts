import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, jwtAuthenticator } from '@nats-io/transport-node';
import { createUserKey, issueServiceJwt, loadNatsOperator } from '#adapters/nats';
import type { Cluster } from '../e2e/cluster.ts';

/** Ids of the events on the bus of a local cluster, in the order they are kept there. */
export const publishedIds = async ({ home }: Cluster): Promise<readonly string[]> => {
  const operator = await loadNatsOperator(join(home, 'secrets', 'nats'));
  if (operator === null) throw new Error(`no NATS operator keys in ${home}`);
  const { publicKey, seed } = createUserKey();
  const jwt = await issueServiceJwt(operator, { role: 'orchestrator', userPublicKey: publicKey, expiresAt: null });
  const port = readFileSync(join(home, 'nats', 'port'), 'utf8').trim();
  const connection = await connect({
    servers: [`nats://127.0.0.1:${port}`],
    authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
    inboxPrefix: '_INBOX_orchestrator',
  });
  try {
    const jsm = await jetstreamManager(connection, { checkAPI: false });
    const { state } = await jsm.streams.info('EVENTS');
    const ids: string[] = [];
    for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq += 1) {
      ids.push((await jsm.streams.getMessage('EVENTS', { seq }))?.header.get('ce-id') ?? 'none');
    }
    return ids;
  } finally {
    await connection.close();
  }
};

/** Ids of every event in the record of a cluster. */
export const recordedIds = async ({ call }: Cluster): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let after = ''; ; ) {
    const { body } = await call('GET', `/v1/events?limit=1000${after}`);
    ids.push(...body.items.map(({ eventId }: { eventId: string }) => eventId));
    if (body.end) return ids;
    after = `&after=${body.position}`;
  }
};
