import {
  applyDecorators,
  createParamDecorator,
  Delete,
  type ExecutionContext,
  Get,
  HttpCode,
  Post,
  SetMetadata,
} from '@nestjs/common';
import type { z } from 'zod';
import type { Role } from '#domain';
import type { ProblemCode } from '#edge';
import { nothing, parse } from './schemas/door.ts';

/** What a route answers when it does not refuse. `command` is {@link accepted}: 202, or 200 when it was so already. */
export type Answer =
  | { readonly kind: 'json'; readonly schema: z.ZodType; readonly statuses: readonly number[] }
  /** Server-sent events, each with this as its data. */
  | { readonly kind: 'events'; readonly schema: z.ZodType }
  /** A body that is not JSON, of this media type; `ranges`: or a part of it. */
  | { readonly kind: 'raw'; readonly mediaType: string; readonly ranges?: boolean };

/**
 * One route, described once: Nest routes by it, the guard admits by it, the request is parsed by it, and the reference
 * is written from it. What a route does not name, it does not take: an unnamed query or body must be empty.
 */
export type Route = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Whole, from the root: `/v1/vms/:vmId`. */
  readonly path: string;
  /** One sentence for a person, without a full stop at its end. */
  readonly summary: string;
  /** Who may call: these roles, or anybody (`open`), or who has a miner's join token. Whose things are asked for is the route's own matter. */
  readonly roles: readonly Role[] | 'open' | 'join-token';
  /** Each of these that is named is a strict object. */
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly headers?: z.ZodType;
  readonly answer: Answer;
  /** What it says no with beside what every route may ({@link commonRefusals}). */
  readonly refusals: readonly ProblemCode[];
};

export const everyone = ['operator', 'owner', 'viewer'] as const satisfies readonly Role[];

/** JSON of this shape. */
export const json = <Schema extends z.ZodType>(schema: Schema, statuses: readonly number[] = [200]) =>
  ({ kind: 'json', schema, statuses }) as const;

/** Describes a route. */
export const route = <const R extends Route>(described: R): R => described;

const ROUTE = 'hcc:route';

/** Makes a controller's method answer a described route. */
export const Answers = (described: Route): MethodDecorator => {
  const verb = { GET: Get, POST: Post, DELETE: Delete }[described.method];
  // Nest would answer 201 to a POST; a command sets 202 or 200 itself.
  return applyDecorators(verb(described.path), HttpCode(200), SetMetadata(ROUTE, described));
};

/** The route a controller's method answers; `undefined` for one that nobody described. */
export const routeOf = (handler: object): Route | undefined => Reflect.getMetadata(ROUTE, handler);

type OutputOf<R, Part extends string> = R extends { readonly [Key in Part]: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : Readonly<Record<never, never>>;

/** A request to a route, parsed by its own schemas. */
export type AskedOf<R extends Route> = {
  readonly params: OutputOf<R, 'params'>;
  readonly query: OutputOf<R, 'query'>;
  readonly body: OutputOf<R, 'body'>;
  readonly headers: OutputOf<R, 'headers'>;
  /** The body as it came: what a creation's command id derives from. */
  readonly rawBody: unknown;
};

type RawRequest = {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
};

/** Parameter of a controller: what is asked, as the route has it. Refuses `invalid-request`, every wrong field named. */
export const Asked = createParamDecorator((described: Route, context: ExecutionContext) => {
  const { params, query, body, headers } = context.switchToHttp().getRequest<RawRequest>();
  return {
    params: parse(described.params ?? nothing, params, 'path'),
    query: parse(described.query ?? nothing, query, 'query'),
    body: parse(described.body ?? nothing, body, 'body'),
    headers: described.headers === undefined ? {} : parse(described.headers, headers, 'headers'),
    rawBody: body,
  };
});
