import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
};
export type Route = (asked: Asked, answer: ServerResponse) => void;

/** An HTTP server that says what a test wants, for the shapes of the protocol only. */
export const fakeApi = async (routes: Readonly<Record<string, Route>>) => {
  const asked: Asked[] = [];
  const server = createServer((request, answer) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const method = request.method ?? '';
      const path = decodeURIComponent(url.pathname);
      const one = { method, path, query: url.searchParams, body, headers: request.headers };
      asked.push(one);
      const route = routes[`${method} ${path}`];
      if (route === undefined) problem(404, 'not-found', `no ${path} here`)(one, answer);
      else route(one, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

export const json =
  (value: unknown, status = 200): Route =>
  (_asked, answer) => {
    answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };

export const problem =
  (status: number, code: string, detail: string, data: object = {}): Route =>
  (_asked, answer) => {
    const document = {
      type: `urn:hcc:problem:${code}`,
      title: code,
      status,
      detail,
      code,
      correlationId: 'c-1',
      ...data,
    };
    answer.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(document));
  };
