import { JetStreamApiError, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { UnixMs } from '#domain';
import { type Clock, jetstreamStreams } from '#events';
import { NatsError } from './errors.ts';
import { publishBudgetMs } from './limits.ts';
import { withPatience } from './retry.ts';
import { type ConsumerSettings, isNotFound, orchestratorConsumers, type StreamSettings, streams } from './topology.ts';

export type EnsureTopologyOptions = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly replicas?: number;
};

/** One setting that is not what we set. */
export type Drift = {
  /** `stream WORK` or `consumer orchestrator_hosts of stream REPORTS`. */
  readonly what: string;
  readonly field: string;
  readonly observed: string;
  readonly wanted: string;
};

/**
 * Makes the streams and the orchestrator's consumers that are missing, then reads all of them back and compares every
 * field we set. Repeating it changes nothing. Refuses a server that is too old (it drops options without a word), and
 * anything that differs, by name: nothing is changed behind anybody's back.
 */
export const ensureTopology = async (nc: NatsConnection, options: EnsureTopologyOptions): Promise<void> => {
  requireServerVersion(nc.info?.version, nc.getServer());
  const patience = { clock: options.clock, signal: options.signal, budgetMs: publishBudgetMs };
  const drifts = await withPatience({ ...patience, what: 'make the JetStream streams' }, async () => {
    const jsm = await jetstreamManager(nc);
    return ensureAll(jsm, options.replicas ?? 1, options.clock.now());
  });
  if (drifts.length > 0) throw refused(drifts);
};

/** Older servers silently ignore options we rely on. Refuses by name. */
export const requireServerVersion = (version: string | undefined, server: string): void => {
  const observed = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version ?? '');
  const [major, minor] = [Number(observed?.[1] ?? 0), Number(observed?.[2] ?? 0)];
  if (major > 2 || (major === 2 && minor >= 10)) return;
  throw new NatsError(
    'server-too-old',
    `nats-server ${server} is version ${version ?? 'unknown'}, wanted 2.10.0 or newer (2.9 drops stream options we rely ` +
      'on without saying so): run one of Debian 13 or newer',
    { observed: version ?? 'unknown', wanted: '2.10.0' },
  );
};

/** Fields that are not as wanted. Pure; a field we do not set is not looked at. */
export const driftOf = (what: string, wanted: object, observed: object): readonly Drift[] => {
  const read = new Map<string, unknown>(Object.entries(observed));
  return Object.entries(wanted).flatMap(([field, value]) => {
    // Servers leave out what is zero or false.
    const seen = read.get(field) ?? (value === 0 ? 0 : value === false ? false : undefined);
    return show(seen) === show(value) ? [] : [{ what, field, observed: show(seen), wanted: show(value) }];
  });
};

const ensureAll = async (jsm: JetStreamManager, replicas: number, now: UnixMs): Promise<readonly Drift[]> => {
  const drifts: Drift[] = [];
  for (const settings of streams(replicas)) drifts.push(...(await ensureStream(jsm, settings, now)));
  for (const settings of orchestratorConsumers) drifts.push(...(await ensureConsumer(jsm, settings)));
  return drifts;
};

const ensureStream = async (
  jsm: JetStreamManager,
  settings: StreamSettings,
  now: UnixMs,
): Promise<readonly Drift[]> => {
  const { name } = settings;
  const found = await jsm.streams.info(name).catch(async (error: unknown) => {
    if (!isNotFound(error)) throw error;
    await jsm.streams.add({ ...settings, ...beginning(name, now) }).catch((refusal: unknown) => {
      // Another replica was faster, and began to count elsewhere.
      if (!isThereAlready(refusal)) throw refusal;
    });
    return jsm.streams.info(name);
  });
  return driftOf(`stream ${name}`, settings, found.config);
};

/**
 * Where a new stream begins to count. WORK at the microseconds of its making: a put that still goes by a number of the
 * stream that was lost finds another one, however many specs were put since (ADR-0052).
 */
const beginning = (name: string, now: UnixMs): { readonly first_seq?: number } =>
  name === jetstreamStreams.work ? { first_seq: 1_000 * now } : {};

const isThereAlready = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === streamNameInUse;

/** Of a stream with other settings; the client has no name for it. */
const streamNameInUse = 10_058;

const ensureConsumer = async (jsm: JetStreamManager, settings: ConsumerSettings): Promise<readonly Drift[]> => {
  const { durable_name } = settings;
  const stream = jetstreamStreams.reports;
  const found = await jsm.consumers.info(stream, durable_name).catch(async (error: unknown) => {
    if (!isNotFound(error)) throw error;
    await jsm.consumers.add(stream, settings);
    return jsm.consumers.info(stream, durable_name);
  });
  return driftOf(`consumer ${durable_name} of stream ${stream}`, settings, found.config);
};

const refused = (drifts: readonly Drift[]): NatsError => {
  const lines = drifts.map(({ what, field, observed, wanted }) => `${what}: ${field} is ${observed}, wanted ${wanted}`);
  return new NatsError(
    'topology-refused',
    `${lines.join('; ')}. Somebody changed it, or another version of HCC made it: set it back, or delete it; what is ` +
      'missing is made anew, and the relay, the publisher and the miners fill it again',
    { drifts: lines },
  );
};

/** JSON with sorted keys, so that two equal settings look the same. */
const show = (value: unknown): string =>
  value === undefined
    ? 'not set'
    : JSON.stringify(value, (_, inner: unknown) =>
        inner !== null && typeof inner === 'object' && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
          : inner,
      );
