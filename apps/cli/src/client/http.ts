import type { z } from 'zod';
import { badAnswer, unreachableError } from '../cli-error.ts';
import { limits } from '../limits.ts';
import { problemOf } from './problem.ts';

export type HttpOptions = {
  /** `http://127.0.0.1:7070`, without a path. */
  readonly url: string;
  /** `hcc_<tokenId>_<secret>`; `null` for the routes that want none. */
  readonly token: string | null;
  readonly timeoutMs?: number;
  /** Told how far in the log an answer goes, when it says so. */
  readonly onPosition?: (position: string) => void;
};

export type Query = Readonly<Record<string, string | number | undefined>>;

export type Ask = {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Statuses beside 2xx whose body is an answer and not a problem (readyz says 503 with its parts). */
  readonly alsoOk?: readonly number[];
};

export type Http = {
  readonly url: string;
  /** Asks and parses. Refuses with ApiProblem (the API said no) or a CliError (nobody answered, or nonsense). */
  ask<T>(path: string, schema: z.ZodType<T>, ask?: Ask): Promise<T>;
  /** Opens an event stream. The caller reads `body` and aborts `signal`. */
  open(path: string, query: Query, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
};

/** A typed HTTP client: parsed answers, typed refusals, bounded time and bytes. */
export const createHttp = (options: HttpOptions): Http => {
  const base = new URL(options.url);
  const headers = options.token === null ? {} : { authorization: `Bearer ${options.token}` };
  return {
    url: base.origin,
    ask: async (path, schema, ask = {}) => {
      const method = ask.method ?? 'GET';
      const what = `${method} ${path}`;
      const response = await reach(addressOf(base, path, ask.query ?? {}), what, {
        method,
        redirect: 'error',
        headers: {
          accept: 'application/json, application/problem+json',
          ...headers,
          ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...ask.headers,
        },
        ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
        signal: AbortSignal.timeout(ask.timeoutMs ?? options.timeoutMs ?? limits.requestTimeoutMs),
      });
      const position = response.headers.get('hcc-position');
      if (position !== null) options.onPosition?.(position);
      const body = await readBounded(response, what);
      if (!response.ok && ask.alsoOk?.includes(response.status) !== true) throw problemOf(response.status, body, what);
      return parsed(body, schema, what);
    },
    open: async (path, query, signal) => {
      const what = `GET ${path}`;
      const response = await reach(addressOf(base, path, query), what, {
        redirect: 'error',
        headers: { accept: 'text/event-stream, application/problem+json', ...headers },
        signal,
      });
      if (!response.ok) throw problemOf(response.status, await readBounded(response, what), what);
      if (response.body === null) throw nonsense(what, 'an empty answer');
      return response.body;
    },
  };
};

const addressOf = (base: URL, path: string, query: Query): URL => {
  const address = new URL(path, base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(name, String(value));
  }
  return address;
};

const reach = async (address: URL, what: string, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(address, init);
  } catch (error) {
    throw notReached(address, what, error);
  }
};

const notReached = (address: URL, what: string, error: unknown): Error => {
  const timedOut = error instanceof Error && error.name === 'TimeoutError';
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const said = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause);
  return unreachableError('unreachable', `nobody answers at ${address.origin} (${what})`, {
    observed: timedOut ? 'no answer in time' : said,
    wanted: 'a running HCC API',
    fix: 'start the cluster with "npm start", or name another one by --url',
    cause: error,
  });
};

const readBounded = async (response: Response, what: string): Promise<string> => {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > limits.responseBytesMax) throw nonsense(what, `more than ${limits.responseBytesMax} bytes`);
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    throw isOurs(error) ? error : notReached(new URL(response.url), what, error);
  }
  return text + decoder.decode();
};

const parsed = <T>(body: string, schema: z.ZodType<T>, what: string): T => {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw nonsense(what, 'an answer that is not JSON');
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw nonsense(what, `${issue?.path.join('.') || 'the answer'}: ${issue?.message ?? 'not understood'}`);
};

const nonsense = (what: string, observed: string): Error =>
  badAnswer('unexpected-answer', `${what} gave an answer this hcc does not understand`, {
    observed,
    wanted: 'the API of the same version',
    fix: 'use the hcc that came with the cluster, and check --url',
  });

const isOurs = (error: unknown): boolean => error instanceof Error && error.name === 'CliError';
