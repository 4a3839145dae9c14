import {
  BACKWARDS,
  END,
  type JSONType,
  jsonEvent,
  type KurrentDBClient,
  metastreamOf,
  NO_STREAM,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@kurrent/kurrentdb-client';
import type { z } from 'zod';
import type { Ids } from '#events';
import { storeFault } from './faults.ts';
import type { Link } from './link.ts';

/** A value that is replaced, kept as the last event of a stream of its own; the server forgets the ones before. */
export type SmallStream<Value> = {
  /** `null` when nobody wrote it. */
  read(): Promise<{ readonly revision: bigint; readonly value: Value } | null>;
  /** Replaces what was read at that revision (`null`: nothing); `false` when somebody else did so first. */
  write(value: Value, readAt: bigint | null): Promise<boolean>;
};

export type SmallStreamOptions<Value> = {
  readonly link: Link;
  readonly ids: Ids;
  readonly name: string;
  readonly type: string;
  readonly schema: z.ZodType<Value>;
};

/** The value in a stream `name`, beside the record: no reader of everything is sent it. */
export const createSmallStream = <Value extends JSONType>(options: SmallStreamOptions<Value>): SmallStream<Value> => {
  const { link, ids, type, schema } = options;
  const name = `${link.prefix}${options.name}`;
  return {
    read: () =>
      link.run(`read ${name}`, 'read', async (client) => {
        const last = await lastEvent(client, name, link.asUser);
        if (last === null) return null;
        const parsed = schema.safeParse(last.data);
        if (!parsed.success) throw storeFault(link.shown, 'corrupt', `event ${last.revision} of ${name} is unreadable`);
        return { revision: last.revision, value: parsed.data };
      }),
    write: async (value, readAt) => {
      const event = jsonEvent({ id: ids.uuid(), type, data: value });
      if (readAt === null) await link.run(`limit ${name}`, 'write', (client) => keepLastOnly(client, name));
      return link.run(`write ${name}`, 'write', (client) =>
        didWrite(client.appendToStream(name, event, { streamState: readAt ?? NO_STREAM, requiresLeader: true })),
      );
    },
  };
};

const lastEvent = async (client: KurrentDBClient, name: string, asUser: Link['asUser']) => {
  const options = { direction: BACKWARDS, fromRevision: END, maxCount: 1, requiresLeader: true, ...asUser } as const;
  try {
    for await (const { event } of client.readStream(name, options)) return event ?? null;
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return null;
};

const keepLastOnly = (client: KurrentDBClient, name: string): Promise<boolean> =>
  didWrite(
    // The client's own setStreamMetadata declares one name for the expected revision and reads another.
    client.appendToStream(metastreamOf(name), jsonEvent({ type: '$metadata', data: { $maxCount: 1 } }), {
      streamState: NO_STREAM,
      requiresLeader: true,
    }),
  );

const didWrite = async (writing: Promise<unknown>): Promise<boolean> => {
  try {
    await writing;
    return true;
  } catch (error) {
    if (error instanceof WrongExpectedVersionError) return false;
    throw error;
  }
};
