import { Redis } from 'ioredis';
import type { Clock } from '#events';
import {
  commandTimeoutMs,
  connectTimeoutMs,
  reconnectFirstMs,
  reconnectMaxMs,
  redisRetryMs,
  redisWaitMs,
} from './limits.ts';

export type RedisLog = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

export type RedisLinkOptions = {
  /** `redis://host:port` or `rediss://host:port` (TLS), with `/db` if it is not 0; no credentials in it. */
  readonly url: string;
  readonly password: string | null;
  readonly clock: Clock;
  readonly log: RedisLog;
  /** How long a start waits for a server; {@link redisWaitMs} when left out. */
  readonly waitMs?: number;
};

/** Redis cannot be used. The message says where, why and what to do; it never holds the password. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
}

/** A connection that comes back by itself. Commands on it fail at once while it is away: nobody waits for Redis. */
export type RedisLink = {
  readonly client: Redis;
  /** For a connection of its own, such as a worker's, that waits as long as it must. */
  readonly patient: ReturnType<typeof optionsOf> & { readonly maxRetriesPerRequest: null };
  /** Why Redis cannot be reached now; `null` when it can. */
  unreachable(): string | null;
  /** Calls back each time the connection is back: what was written last may be lost. */
  onReturn(back: () => void): () => void;
  close(): Promise<void>;
};

/** Connects, waiting {@link redisWaitMs} for a server that starts. Refuses by name what cannot keep timers (RedisUnavailable). */
export const openRedis = async (options: RedisLinkOptions): Promise<RedisLink> => {
  const { clock, log } = options;
  const base = optionsOf(options);
  const where = `Redis at ${base.host}:${base.port}`;
  const client = new Redis({
    ...base,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
  });
  const returns = new Set<() => void>();
  let away: string | null = 'not connected yet';
  // An error of ioredis carries the command with its arguments, a password among them: only its sentence goes on.
  client.on('error', (error: unknown) => {
    away = sentence(error);
  });
  client.on('close', () => {
    if (away === null) log('warn', 'Redis is lost; its timers are called here until it is back', { where });
    away ??= 'the connection was closed';
  });
  client.on('ready', () => {
    if (away !== null) log('info', 'Redis is there', { where });
    away = null;
    for (const back of [...returns]) back();
  });
  try {
    await connect(client, where, clock, options.waitMs ?? redisWaitMs);
    await requireUsable(client, where, log);
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return {
    client,
    patient: { ...base, maxRetriesPerRequest: null },
    unreachable: () => (away === null ? null : `${where}: ${away}`),
    onReturn: (back) => {
      returns.add(back);
      return () => returns.delete(back);
    },
    close: async () => client.disconnect(),
  };
};

const optionsOf = ({ url, password }: RedisLinkOptions) => {
  const { protocol, hostname, port, pathname } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    db: Number(pathname.slice(1)),
    connectTimeout: connectTimeoutMs,
    retryStrategy: (times: number) => Math.min(reconnectFirstMs * 2 ** Math.min(times, 10), reconnectMaxMs),
    ...(password === null ? {} : { password }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
};

const connect = async (client: Redis, where: string, clock: Clock, waitMs: number): Promise<void> => {
  const until = clock.now() + waitMs;
  let why = '';
  client.on('error', (error: unknown) => {
    why = sentence(error);
  });
  client.connect().catch((error: unknown) => {
    why ||= sentence(error);
  });
  for (;;) {
    if (client.status === 'ready' && (await answers(client))) return;
    if (/^(WRONGPASS|NOAUTH)|no password is set/i.test(why)) {
      throw new RedisUnavailable(
        `${where} refuses the password (${why}): put the one of its configuration in the file that HCC_REDIS_PASSWORD_FILE names`,
      );
    }
    if (clock.now() + redisRetryMs >= until) break;
    await clock.sleep(redisRetryMs);
  }
  throw new RedisUnavailable(
    `${where} cannot be reached (${why || 'no answer'}): start it, or unset HCC_REDIS_URL to keep timers in this process`,
  );
};

const answers = (client: Redis): Promise<boolean> =>
  client.ping().then(
    () => true,
    () => false,
  );

/** Old servers lack commands; one that evicts keys drops timers in silence. */
const requireUsable = async (client: Redis, where: string, log: RedisLog): Promise<void> => {
  const told = await client.info();
  const field = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(told)?.[1]?.trim() ?? 'unknown';
  const [major = 0, minor = 0] = field('redis_version').split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 2)) {
    throw new RedisUnavailable(`${where} is version ${field('redis_version')}, wanted 6.2 or newer`);
  }
  const policy = field('maxmemory_policy');
  if (policy !== 'noeviction') {
    throw new RedisUnavailable(`${where} has maxmemory-policy ${policy}, wanted noeviction: it would drop timers`);
  }
  if (field('aof_enabled') !== '1') {
    log('warn', 'Redis keeps no append-only file: its restart costs a derivation of all timers', { where });
  }
};

/** What an error says, without what it carries. */
export const sentence = (error: unknown): string => {
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  return inner instanceof Error ? inner.message : String(inner);
};
