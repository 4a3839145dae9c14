import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Correlation, DoorProblem } from '#edge';
import type { Principal } from './auth/principal.ts';

/** What we use of a Fastify request and reply. */
export type HttpRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly raw: IncomingMessage;
};
export type HttpReply = {
  readonly raw: ServerResponse;
  readonly sent: boolean;
  header(name: string, value: string): HttpReply;
  status(code: number): HttpReply;
  send(body: string): HttpReply;
  hijack(): unknown;
  getHeaders(): OutgoingHttpHeaders;
};

/** One request's caller: who, and under which correlation. */
export type Caller = {
  readonly principal: Principal;
  readonly correlation: Correlation;
  readonly idempotencyKey: string | null;
};

const correlated = Symbol('correlation');
const asked = Symbol('principal');

/** A request as the door marks it: a table of requests beside it would keep the collector busy. */
type Marked = IncomingMessage & { [correlated]?: Correlation; [asked]?: Principal };

const markedOf = ({ raw }: HttpRequest): Marked => raw;

/** A header's one value; of several, none. */
export const headerOf = (request: HttpRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

export const setCorrelation = (request: HttpRequest, correlation: Correlation): void => {
  markedOf(request)[correlated] = correlation;
};

/** The request's correlation; an empty one before the door has looked at it. */
export const correlationOf = (request: HttpRequest): Correlation =>
  markedOf(request)[correlated] ?? { correlationId: '', traceparent: null };

export const setPrincipal = (request: HttpRequest, principal: Principal): void => {
  markedOf(request)[asked] = principal;
};

/** Who asks, once the guard knows. */
export const principalOf = (request: HttpRequest): Principal | undefined => markedOf(request)[asked];

/** Parameter of a controller: the {@link Caller} of a request that has passed the guard. */
export const From = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const request = context.switchToHttp().getRequest<HttpRequest>();
  const principal = principalOf(request);
  if (principal === undefined) throw new Error(`BUG: ${request.url} asks who calls, but is open to all`);
  return { principal, correlation: correlationOf(request), idempotencyKey: idempotencyKeyOf(request) };
});

/** Parameter of a controller: the request's correlation, also for open routes. */
export const Correlated = createParamDecorator(
  (_: unknown, context: ExecutionContext): Correlation =>
    correlationOf(context.switchToHttp().getRequest<HttpRequest>()),
);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const idempotencyKeyOf = (request: HttpRequest): string | null => {
  const given = headerOf(request, 'idempotency-key');
  if (given === undefined) return null;
  if (UUID.test(given)) return given.toLowerCase();
  throw new DoorProblem('invalid-request', 'the header Idempotency-Key is not a UUID', {
    errors: [{ path: 'Idempotency-Key', message: 'expected a UUID' }],
  });
};
