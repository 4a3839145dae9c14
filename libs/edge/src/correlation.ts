import { AsyncLocalStorage } from 'node:async_hooks';
import { traceparentLengthMax } from './limits.ts';

/** What ties everything together that one request, or one message, set off. */
export type Correlation = { readonly correlationId: string; readonly traceparent: string | null };

const current = new AsyncLocalStorage<Correlation>();

/** Runs `work`, and all it starts, under a correlation: its log lines carry the id by themselves. */
export const withCorrelation = <T>(correlation: Correlation, work: () => T): T => current.run(correlation, work);

/** The correlation this code runs under, if any. */
export const currentCorrelation = (): Correlation | undefined => current.getStore();

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The id a caller gave, when it is a UUID; else the minted one. A stranger's text never becomes an id. */
export const correlationIdFrom = (header: string | undefined, mint: () => string): string => {
  const given = header?.toLowerCase();
  return given !== undefined && UUID.test(given) ? given : mint();
};

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** A W3C Trace Context header, or `null` when it is absent or breaks the rules (a caller's tracing is never our error). */
export const traceparentFrom = (header: string | undefined): string | null => {
  if (header === undefined || header.length > traceparentLengthMax) return null;
  const [, version, traceId = '', parentId = '', , rest] = TRACEPARENT.exec(header) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return null;
  return /^0+$/.test(traceId) || /^0+$/.test(parentId) ? null : header;
};
