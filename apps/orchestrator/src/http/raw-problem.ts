import type { Socket } from 'node:net';
import { type ProblemCode, problemDocument } from '#edge';
import type { Ids } from '#events';

/** Answers what never became a request: bytes that are no HTTP, headers without end, a request that stopped half-way. */
export const answerRaw = (error: Error & { readonly code?: string }, socket: Socket, ids: Pick<Ids, 'uuid'>): void => {
  // A client that hung up is not told anything.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const [code, detail] = codes[error.code ?? ''] ?? noHttp;
  const document = problemDocument({ code, detail }, ids.uuid());
  const body = JSON.stringify(document);
  const lines = [
    `HTTP/1.1 ${document.status} ${document.title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
};

const noHttp: readonly [ProblemCode, string] = ['malformed-http', 'the bytes are not an HTTP/1.1 request'];

const codes: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'the headers have more than 16 KiB together'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'the request did not arrive within 30 s'],
};
