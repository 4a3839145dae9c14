import type { Type } from '@nestjs/common';
import type { ProblemCode } from '#edge';
import { type Route, routeOf } from '../route.ts';

/** Every route of some controllers, by path and method. Refuses a method that answers HTTP and is not described. */
export const routesOf = (controllers: readonly Type[]): readonly Route[] =>
  controllers.flatMap(describedOf).sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));

const describedOf = (controller: Type): readonly Route[] =>
  Object.getOwnPropertyNames(controller.prototype).flatMap((name) => {
    const handler: unknown = Object.getOwnPropertyDescriptor(controller.prototype, name)?.value;
    if (name === 'constructor' || typeof handler !== 'function') return [];
    if (Reflect.getMetadata('path', handler) === undefined) return [];
    const described = routeOf(handler);
    if (described !== undefined) return [described];
    throw new Error(`${controller.name}.${name} answers HTTP and is not described; write @Answers(route({ ... }))`);
  });

const orderOf = ({ path, method }: Route): string => `${path} ${method}`;

/** All that a route may say no with: what it names, and what follows from how it is asked. */
export const refusalsOf = (route: Route): readonly ProblemCode[] => {
  const changes = route.method !== 'GET';
  const asked = [route.params, route.query, route.headers].some((schema) => schema !== undefined) || changes;
  const codes: (readonly [boolean, ...ProblemCode[]])[] = [
    [true, 'rate-limited', 'store-unavailable', 'shutting-down', 'internal', ...route.refusals],
    [Array.isArray(route.roles), 'unauthenticated', 'forbidden', 'read-model-behind'],
    [asked, 'invalid-request'],
    [
      changes,
      'malformed-json',
      'body-too-large',
      'unsupported-media-type',
      'request-timeout',
      'concurrency-conflict',
      'not-recordable',
    ],
    [changes || route.path.includes(':stream') || route.path.includes(':vmId'), 'unknown-event'],
    [takesPosition(route), 'foreign-position'],
  ];
  return [...new Set(codes.flatMap(([applies, ...group]) => (applies ? group : [])))].sort();
};

const takesPosition = ({ query }: Route): boolean =>
  query !== undefined && 'shape' in query && typeof query.shape === 'object' && 'atLeast' in (query.shape ?? {});
