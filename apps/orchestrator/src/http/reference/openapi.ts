import type { Type } from '@nestjs/common';
import { z } from 'zod';
import { createJsonSchemas, type JsonSchema, type JsonSchemas, problems, version } from '#edge';
import type { Answer, Route } from '../route.ts';
import { refusalsOf, routesOf } from './operations.ts';

const problem = z
  .looseObject({
    type: z.string().describe('urn:hcc:problem:<code>'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('Names the thing, what was observed, what is wanted, and the fix'),
    code: z.string().describe('Stable; branch on it. See refusals.md'),
    correlationId: z.string().describe('The same as in the log of the server'),
    fix: z.string().describe('What to do about it'),
  })
  .meta({ id: 'Problem' });

/** The OpenAPI 3.1 document of some controllers. Refuses a route that nobody described. */
export const openApiDocument = (controllers: readonly Type[]): JsonSchema => {
  const schemas = createJsonSchemas('#/components/schemas/');
  const shared = new Map<string, JsonSchema>();
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routesOf(controllers)) {
    const path = route.path.replace(/:([A-Za-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, shared, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hippius Confidential Compute',
      version,
      description:
        'Commands answer a position; reads take it as `atLeast`. Credits are decimal strings of micro-credits.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(Object.keys(paths).map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.named(),
      responses: Object.fromEntries([...shared].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'hcc_<tokenId>_<secret>' },
        joinToken: { type: 'http', scheme: 'bearer', description: 'The join token a miner was invited with' },
      },
    },
  };
};

const operationOf = (route: Route, shared: Map<string, JsonSchema>, schemas: JsonSchemas): JsonSchema => {
  const isChange = route.method !== 'GET' && Array.isArray(route.roles);
  const parameters = [
    ...parametersOf('path', route.params, schemas),
    ...parametersOf('query', route.query, schemas),
    ...parametersOf('header', route.headers, schemas),
    ...(isChange ? [idempotencyKey] : []),
  ];
  return {
    operationId: operationIdOf(route),
    summary: route.summary,
    description: callersOf(route),
    tags: [tagOf(route.path)],
    security: securityOf(route),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemas.of(route.body) } } } }),
    responses: { ...answersOf(route.answer, schemas), ...problemsOf(route, shared, schemas) },
  };
};

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same command is the same command: it happens once',
  schema: { type: 'string', format: 'uuid' },
};

/** `getVmsByVmIdConsole`: stable as long as the address is. */
const operationIdOf = ({ method, path }: Route): string => {
  const words = path.split('/').filter((word) => word !== '' && word !== 'v1');
  const named = words.map((word) => (word.startsWith(':') ? `By-${word.slice(1)}` : word));
  const camel = named.map((word) => `-${word}`).join('');
  return method.toLowerCase() + camel.replace(/[-.]+([A-Za-z])/g, (_, letter: string) => letter.toUpperCase());
};

const tagOf = (path: string): string => path.split('/').find((word) => word !== '' && word !== 'v1') ?? 'hcc';

const securityOf = ({ roles }: Route): readonly JsonSchema[] => {
  if (roles === 'open') return [];
  return [roles === 'join-token' ? { joinToken: [] } : { token: [] }];
};

const callersOf = ({ roles }: Route): string => {
  if (roles === 'open') return 'For anybody.';
  return roles === 'join-token' ? 'For a miner with its join token.' : `For ${roles.join(', ')}.`;
};

const parametersOf = (place: string, schema: Route['params'], schemas: JsonSchemas): readonly JsonSchema[] => {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemas.of(schema) as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...shape }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: shape,
  }));
};

const answersOf = (answer: Answer, schemas: JsonSchemas): Readonly<Record<string, JsonSchema>> => {
  if (answer.kind === 'raw') {
    const content = { [answer.mediaType]: {} };
    const part = answer.ranges === true ? { 206: { description: 'The part that Range asks for', content } } : {};
    return { 200: { description: 'Done', content }, ...part };
  }
  const schema = schemas.of(answer.schema);
  if (answer.kind === 'events') {
    return { 200: { description: 'Server-sent events; data is this', content: { 'text/event-stream': { schema } } } };
  }
  return Object.fromEntries(
    answer.statuses.map((status) => [
      status,
      { description: meaningOf(status), content: { 'application/json': { schema } } },
    ]),
  );
};

const meaningOf = (status: number): string => {
  if (status === 202) return 'Recorded';
  return status === 503 ? 'Not now' : 'Done, or so already';
};

/** A route's refusals by status. Routes that may refuse alike share one response, or the document would be mostly that. */
const problemsOf = (route: Route, shared: Map<string, JsonSchema>, schemas: JsonSchemas): JsonSchema => {
  const byStatus = new Map<number, string[]>();
  for (const code of refusalsOf(route)) {
    const { status } = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const own: readonly number[] = route.answer.kind === 'json' ? route.answer.statuses : [200];
  const refused = [...byStatus].filter(([status]) => !own.includes(status));
  return Object.fromEntries(
    refused.map(([status, codes]) => {
      const name = `${status}.${codes.join('.')}`;
      shared.set(name, {
        description: codes.map((code) => `\`${code}\``).join(', '),
        content: { 'application/problem+json': { schema: schemas.of(problem) } },
      });
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
};
