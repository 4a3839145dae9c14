import type { FastifyInstance } from 'fastify';
import type { Metrics } from '#edge';

/** Times every answer by its route's template. A stream of events ends when its reader does, so its time says nothing. */
export const measureAnswers = (fastify: FastifyInstance, metrics: Metrics): void => {
  fastify.addHook('onResponse', (request, reply, done) => {
    const isStream = String(reply.getHeader('content-type')).startsWith('text/event-stream');
    // An address that nobody serves has no template; its text is the caller's and must not become a label.
    const route = request.routeOptions.url ?? 'none';
    const labels = { method: request.method, route, status: `${Math.floor(reply.statusCode / 100)}xx` };
    if (!isStream) metrics.observe('hcc_http_request_seconds', labels, reply.elapsedTime / 1_000);
    done();
  });
};
