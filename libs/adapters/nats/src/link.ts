import { connect, errors, type NatsConnection, type Status } from '@nats-io/transport-node';
import type { UnixMs } from '#domain';
import { BusUnavailable, type Clock } from '#events';
import { textOf } from './errors.ts';
import { closeGraceMs, connectTimeoutMs, pingEveryMs, reconnectEveryMs } from './limits.ts';
import { nativeKey } from './native-key.ts';
import type { BusLog, BusStatus, Credentials, OnStatus } from './status.ts';

export type LinkOptions = {
  readonly servers: readonly string[];
  /** Who connects, for errors and for the server's own list of connections. */
  readonly who: string;
  readonly inboxPrefix: string;
  readonly credentials: () => Credentials;
  readonly clock: Clock;
  readonly log: BusLog;
  readonly onStatus?: OnStatus;
  /** Waits for a server that is not there yet, instead of rejecting. Wrong credentials reject either way. */
  readonly waitOnFirstConnect?: boolean;
};

/** One connection that comes back by itself for as long as it is open. */
export type Link = {
  readonly nc: NatsConnection;
  readonly closing: AbortSignal;
  connectedSince(): UnixMs | null;
  /** Called after every reconnect, not for the first connect. */
  onReconnect(again: () => void): void;
  /** Waited for by `close`, while the connection still stands. */
  beforeClose(end: () => Promise<void>): void;
  close(): Promise<void>;
};

/** Connects. Rejects with BusUnavailable, saying whether nobody answered or the credentials were refused. */
export const openLink = async (options: LinkOptions): Promise<Link> => {
  const { clock, who, servers } = options;
  const nc = await connectOnce(options);
  const closing = new AbortController();
  const again: (() => void)[] = [];
  const ends: (() => Promise<void>)[] = [];
  let connectedSince: UnixMs | null = clock.now();
  const tell = (status: BusStatus): void => options.onStatus?.(status);
  tell({ type: 'connected', server: nc.getServer() });

  const watch = async (): Promise<void> => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') connectedSince = null;
      if (status.type === 'reconnect') {
        connectedSince = clock.now();
        for (const call of again) call();
      }
      const known = asBusStatus(status);
      if (known === null) continue;
      if (known.type !== 'connected') options.log('warn', `bus ${known.type}`, { who, servers, ...known });
      tell(known);
    }
  };
  const watching = watch();

  return {
    nc,
    closing: closing.signal,
    connectedSince: () => connectedSince,
    onReconnect: (call) => {
      again.push(call);
    },
    beforeClose: (end) => {
      ends.push(end);
    },
    close: async () => {
      if (closing.signal.aborted) return;
      closing.abort();
      connectedSince = null;
      await Promise.all(ends.map((end) => end()));
      await withinGrace(clock, nc.flush());
      await nc.close();
      await watching;
      tell({ type: 'closed' });
    },
  };
};

/** Gives what has to do with the server a moment, whatever comes of it; a server that is gone is not waited for. */
export const withinGrace = async (clock: Clock, work: Promise<void>): Promise<void> => {
  const patience = new AbortController();
  const done = work.catch(() => undefined);
  await Promise.race([done, clock.sleep(closeGraceMs, patience.signal)]);
  patience.abort();
};

const connectOnce = async (options: LinkOptions): Promise<NatsConnection> => {
  const { servers, who, inboxPrefix, credentials, waitOnFirstConnect = false } = options;
  try {
    return await connect({
      servers: [...servers],
      name: who,
      inboxPrefix,
      authenticator: (nonce) => {
        const { jwt, seed } = credentials();
        const key = nativeKey(seed);
        const signature = key.sign(new TextEncoder().encode(nonce ?? ''));
        return { jwt, nkey: key.getPublicKey(), sig: Buffer.from(signature).toString('base64url') };
      },
      timeout: connectTimeoutMs,
      waitOnFirstConnect,
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectEveryMs,
      reconnectJitter: reconnectEveryMs,
      // Credentials that were refused once may have been renewed by the next try.
      ignoreAuthErrorAbort: true,
      pingInterval: pingEveryMs,
      maxPingOut: 2,
      // A stack per request costs more than the request.
      noAsyncTraces: true,
    });
  } catch (error) {
    const where = servers.join(', ');
    const why =
      error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError
        ? `the server refused the credentials of ${who}: they are expired, revoked or of another network; renew them`
        : `no NATS server answered ${who}: ${textOf(error)}; start it, or correct its address`;
    throw new BusUnavailable(`${where}: ${why}`, { cause: error });
  }
};

const asBusStatus = (status: Status): BusStatus | null => {
  switch (status.type) {
    case 'disconnect':
      return { type: 'disconnected', server: status.server };
    case 'reconnect':
      return { type: 'connected', server: status.server };
    case 'error':
      return ofError(status.error);
    default:
      return null;
  }
};

const ofError = (error: Error): BusStatus => {
  if (error instanceof errors.PermissionViolationError) {
    return { type: 'refused', operation: error.operation, subject: error.subject };
  }
  if (error instanceof errors.UserAuthenticationExpiredError) return { type: 'credentials-expired' };
  return { type: 'error', detail: error.message };
};
