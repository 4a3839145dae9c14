import { createServer, type RequestListener } from 'node:http';
import type { Part } from '../lifecycle.ts';
import { metricsHeaderBytesMax, metricsTimeoutMs } from '../limits.ts';
import type { Log } from '../log.ts';
import type { Metrics } from './metrics.ts';

export type MetricsDoorOptions = {
  readonly metrics: Metrics;
  /** Loopback, unless a network that only the monitoring sees is meant. */
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** Answers `GET /readyz` too, `{ready}`, for a program with no other door: 200 when it says true, else 503. */
  readonly isReady?: () => boolean;
};

/**
 * `GET /metrics` on a port of its own: who may read figures needs no right at the API, and who may use the API need not
 * see how the network is run. It takes nothing and knows no secret, so the address that it is bound to is its guard.
 */
export const metricsDoor = ({ metrics, host, port, log, isReady }: MetricsDoorOptions): Part => {
  const answer: RequestListener = (request, response) => {
    if (isReady !== undefined && request.url === '/readyz' && request.method === 'GET') {
      const ready = isReady();
      response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify({ ready }));
      return;
    }
    const isMetrics = request.url === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
    if (!isMetrics) return void response.writeHead(404).end();
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => {
        log('error', 'metrics could not be read', { error });
        response.writeHead(500).end();
      },
    );
  };
  const server = createServer(
    { maxHeaderSize: metricsHeaderBytesMax, requestTimeout: metricsTimeoutMs, keepAliveTimeout: metricsTimeoutMs },
    answer,
  );
  return {
    name: 'metrics',
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', (error) =>
          reject(new Error(`metrics cannot be given on ${host} port ${port}: ${error.message}; set HCC_METRICS_PORT`)),
        );
        server.listen(port, host, () => {
          const at = server.address();
          log('info', 'metrics', { url: `http://${host}:${typeof at === 'object' ? at?.port : port}/metrics` });
          resolve();
        });
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
