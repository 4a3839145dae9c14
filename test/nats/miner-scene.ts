import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { onTestFinished } from 'vitest';
import { newSpec, put } from '../conformance/bus-messages.ts';
import { type NatsWorld, openNatsWorld } from './nats-world.ts';

export type MinerScene = {
  readonly world: NatsWorld;
  readonly minerId: string;
  readonly other: string;
  /** The miner's own credentials, used by hand. */
  readonly miner: NatsConnection;
  /** Subjects the server refused it so far. */
  readonly refused: readonly string[];
  readonly steward: NatsConnection;
};

/** Two miners with work, one of them under our hand. */
export const openMinerScene = async (binary: string): Promise<MinerScene> => {
  const world = await openNatsWorld(binary);
  onTestFinished(() => world.close());
  const [minerId, other] = [randomUUID(), randomUUID()];
  for (const id of [minerId, other]) {
    await world.orchestrator.resetWork(id);
    await put(world.orchestrator, id, newSpec());
  }
  const miner = await world.raw(await world.minerIdentity(minerId), `_INBOX_${minerId}`);
  const refused = refusalsOf(miner);
  const steward = await world.raw(await world.serviceIdentity('orchestrator'), '_INBOX_orchestrator');
  return { world, minerId, other, miner, refused, steward };
};

/** What the three streams hold, for "nothing changed". */
export const holdings = async (steward: NatsConnection) => {
  const jsm = await jetstreamManager(steward);
  return Promise.all(
    ['EVENTS', 'WORK', 'REPORTS'].map(async (name) => {
      const { state } = await jsm.streams.info(name, { subjects_filter: '>' });
      return { name, last: state.last_seq, subjects: state.subjects };
    }),
  );
};

/** The subjects a connection was refused, as the server says so. */
export const refusalsOf = (connection: NatsConnection): readonly string[] => {
  const refused: string[] = [];
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'error' && status.error instanceof errors.PermissionViolationError) {
        refused.push(status.error.subject);
      }
    }
  })();
  return refused;
};
