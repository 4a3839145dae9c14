import type { Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import {
  correlationIdFrom,
  type Log,
  nestLogger,
  type Part,
  ProblemFilter,
  traceparentFrom,
  withCorrelation,
} from '#edge';
import type { Ids } from '#events';
import { appModule, type Resources } from '../app.module.ts';
import { measureAnswers } from '../figures/measured-answers.ts';
import { FOLLOWERS } from '../tokens.ts';
import type { Followers } from './followers.ts';
import { readJson } from './json-body.ts';
import { bodyBytesMax, keepAliveTimeoutMs, pathParameterLengthMax, requestTimeoutMs } from './limits.ts';
import { generousRates, openRates } from './rates.ts';
import { answerRaw } from './raw-problem.ts';
import { correlationOf, type HttpRequest, headerOf, setCorrelation } from './request.ts';
import { createRouteBook, type RouteBook } from './route-book.ts';

/** The HTTP application, ready to listen or to be asked directly. It has no body parser but JSON and no answer but ours. */
export const openDoor = async (resources: Resources, log: Log): Promise<NestFastifyApplication> => {
  const routes = createRouteBook();
  const problems = new ProblemFilter<HttpRequest>({
    log,
    correlationOf,
    refine: (problem, request, reply) => routes.refine(problem, request, reply),
  });
  const serverOptions: FastifyServerOptions = {
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: pathParameterLengthMax },
    clientErrorHandler: (error, socket) => answerRaw(error, socket, resources.ids),
    // An address that cannot be read never reaches a hook: it gets its correlation here.
    frameworkErrors: (error, request, reply) => {
      const { raw } = reply;
      const header = (name: string, value: string) => raw.setHeader(name, value);
      correlate(request, header, resources.ids);
      const status = (code: number) => ({ send: (body: string) => raw.writeHead(code).end(body) });
      problems.answer(error, request, { sent: raw.headersSent, header, status });
    },
  };
  // There is no middleware of Nest's here, and what runs it would still be asked for each request.
  const adapter = new FastifyAdapter({ ...serverOptions, skipMiddie: true });
  const fastify = adapter.getInstance<FastifyInstance>();
  hook(fastify, routes, resources.ids, log);
  const rates = await openRates(fastify, resources.rateLimits ?? generousRates);
  fastify.addHook('onRequest', rates.ofAddress);
  measureAnswers(fastify, resources.metrics);
  dropSilentOnClose(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(appModule(resources, rates), adapter, {
    logger: nestLogger(log),
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalFilters(problems);
  await app.init();
  await fastify.ready();
  return app;
};

/** Listening as a part: says where, and names the port and the fix when it cannot. */
export const listening = (app: NestFastifyApplication, host: string, port: number, log: Log): Part => ({
  name: 'http',
  start: async () => {
    try {
      await app.listen(port, host);
    } catch (error) {
      throw cannotListen(error, host, port);
    }
    log('info', 'listening', { url: await app.getUrl() });
  },
  stop: async () => {
    // Event streams would keep the door open for ever; everything else is let finish.
    await app.get<Followers>(FOLLOWERS).close();
    await app.close();
  },
});

/** A connection that never asked anything is not idle to Node, and would hold a closing door open until its headers are overdue. */
const dropSilentOnClose = (fastify: FastifyInstance): void => {
  const connections = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  fastify.addHook('preClose', (done) => {
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    done();
  });
};

const hook = (fastify: FastifyInstance, routes: RouteBook, ids: Ids, log: Log): void => {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    readJson(body, done),
  );
  fastify.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  fastify.addHook('onRequest', (request, reply, done) => {
    correlate(request, (name, value) => reply.header(name, value), ids);
    done();
  });
  // Here and not earlier: a body arrives in its connection's context, which is not the request's.
  fastify.addHook('preHandler', (request, _reply, done) => withCorrelation(correlationOf(request), done));
  fastify.addHook('onResponse', (request, reply, done) => {
    log(request.method === 'GET' && reply.statusCode < 400 ? 'debug' : 'info', 'request', {
      correlationId: correlationOf(request).correlationId,
      method: request.method,
      url: pathOf(request.url),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    });
    done();
  });
};

const correlate = (request: HttpRequest, header: (name: string, value: string) => unknown, ids: Ids): void => {
  const correlationId = correlationIdFrom(headerOf(request, 'x-correlation-id'), () => ids.uuid());
  setCorrelation(request, { correlationId, traceparent: traceparentFrom(headerOf(request, 'traceparent')) });
  header('x-correlation-id', correlationId);
};

/** Without the query, where people put what does not belong into a log. */
const pathOf = (url: string): string => {
  const end = url.indexOf('?');
  return url.slice(0, end === -1 ? 300 : Math.min(end, 300));
};

const cannotListen = (error: unknown, host: string, port: number): Error => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there; stop it, or set HCC_LISTEN_PORT to a free port (0 takes any)',
    EACCES: 'this user may not; set HCC_LISTEN_PORT to a port above 1023',
    EADDRNOTAVAIL: 'this machine does not have that address; set HCC_LISTEN_HOST to one that it has',
  };
  const reason = typeof code === 'string' ? reasons[code] : undefined;
  return new Error(`cannot listen on ${host} port ${port}: ${reason ?? String(error)}`, { cause: error });
};
