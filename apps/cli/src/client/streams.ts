import type { Clock } from '#events';
import { badAnswer, CliError, exitCodes, unreachableError } from '../cli-error.ts';
import { limits } from '../limits.ts';
import { spanText } from '../output/time.ts';
import type { Api } from './api.ts';
import { createSseParser, SseTooLong } from './sse.ts';
import { type EventView, eventView } from './views.ts';

/** A stream's whole history, oldest first. Refuses one longer than the store itself allows. */
export const readStream = async (api: Api, stream: string, from = 0n): Promise<readonly EventView[]> => {
  const events: EventView[] = [];
  for (let pages = 0; pages < limits.pagesMax; pages += 1) {
    const { items } = await api.streamPage(stream, from + BigInt(events.length), limits.pageEventsMax);
    if (items.length === 0) return events;
    events.push(...items);
    if (items.length < limits.pageEventsMax) return events;
  }
  throw badAnswer('stream-too-long', `stream ${stream} has more than ${events.length} events`);
};

export type FollowOptions = {
  /** The first revision wanted. */
  readonly from: bigint;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told when the connection broke and is opened again, with what broke it. */
  readonly onBroken?: (why: string) => void;
};

/** A stream's events from `from` on, live, each once and in order, until the signal aborts. A broken connection is opened
 *  again after the last revision seen. Refuses with ApiProblem, or `unreachable` when that has failed for
 *  {@link limits.reconnectForMs}; a machine that slept meanwhile has not tried yet. */
export async function* followStream(api: Api, stream: string, options: FollowOptions): AsyncGenerator<EventView> {
  const { clock, signal } = options;
  let next = options.from;
  let pauseMs: number = limits.reconnectMs;
  let brokenAt: number | null = null;
  while (!signal.aborted) {
    let broken: unknown;
    try {
      for await (const event of eventsOf(api, stream, next, signal)) {
        brokenAt = null;
        pauseMs = limits.reconnectMs;
        if (event === 'alive') continue;
        const revision = BigInt(event.revision);
        if (revision < next) continue;
        if (revision > next) throw gap(stream, next, revision);
        next = revision + 1n;
        yield event;
      }
    } catch (error) {
      broken = error;
    }
    if (signal.aborted) return;
    if (broken !== undefined && !isTransient(broken)) throw broken;
    brokenAt ??= clock.now();
    if (clock.now() - brokenAt > limits.reconnectForMs) throw broken ?? badAnswer('stream-ended', `${stream} ended`);
    options.onBroken?.(broken instanceof Error ? broken.message : 'the server closed the stream');
    await clock.sleep(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, limits.reconnectMsMax);
  }
}

/** One connection's worth of events, with a sign of life for every heartbeat. */
async function* eventsOf(
  api: Api,
  stream: string,
  from: bigint,
  outer: AbortSignal,
): AsyncGenerator<EventView | 'alive'> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(silent(stream)), limits.sseSilenceMs);
  const path = `/v1/streams/${encodeURIComponent(stream)}/follow`;
  try {
    const body = await api.http.open(path, { from: from.toString() }, AbortSignal.any([outer, silence.signal]));
    const parser = createSseParser();
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      timer.refresh();
      yield 'alive';
      for (const message of parser.push(decoder.decode(chunk, { stream: true }))) yield toEvent(message.data, stream);
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

const silent = (stream: string): Error =>
  unreachableError('stream-silent', `nothing comes of ${stream} any more`, {
    observed: `no sign of life for ${spanText(limits.sseSilenceMs)}`,
    wanted: 'one every few seconds',
    fix: 'repeat the command, which goes on where things are now; hcc doctor says whether the cluster is well',
  });

const toEvent = (data: string, stream: string): EventView => {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    json = undefined;
  }
  const parsed = eventView.safeParse(json);
  if (parsed.success) return parsed.data;
  throw badAnswer('unexpected-answer', `${stream} sent an event this hcc does not understand`, {
    observed: parsed.error.issues[0]?.message,
  });
};

const gap = (stream: string, wanted: bigint, observed: bigint): Error =>
  badAnswer('stream-gap', `${stream} skipped an event`, {
    observed: `revision ${observed}`,
    wanted: `revision ${wanted}`,
  });

/** Worth trying again: a broken connection, a server that restarts or is not ready. Not: a no, or nonsense. */
const isTransient = (error: unknown): boolean => {
  if (error instanceof SseTooLong) return false;
  if (error instanceof CliError) return error.exitCode === exitCodes.unreachable;
  if (error instanceof Error && 'status' in error) return typeof error.status === 'number' && error.status >= 500;
  return true;
};
