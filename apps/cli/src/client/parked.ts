import { z } from 'zod';
import type { Http } from './http.ts';
import { accepted, eventView, items, parkedView } from './views.ts';

const parkingView = z.looseObject({
  consumer: z.string().max(200),
  parked: z.number(),
  skipped: z.number(),
  retryable: z.number(),
  retryAsked: z.number(),
  firstPosition: z.string().max(200).nullable(),
  lastPosition: z.string().max(200).nullable(),
  oldestSeenAt: z.string().max(40).nullable(),
  throughRevision: z.string().max(20).nullable(),
});
export type ParkingView = z.infer<typeof parkingView>;

const parkedEventView = z.looseObject({ ...parkedView.shape, event: eventView });
export type ParkedEventView = z.infer<typeof parkedEventView>;

const at = encodeURIComponent;
const pathOf = (consumer: string, eventId: string): string => `/v1/parked/${at(consumer)}/${at(eventId)}`;

/** The routes of parked events. */
export const parkedRoutes = (http: Http) => ({
  /** What stands parked in a consumer, as the store has it now. */
  parking: (consumer: string): Promise<ParkingView> => http.ask(`/v1/parked/${at(consumer)}`, parkingView),
  parkedEvent: (consumer: string, eventId: string, atLeast?: string): Promise<ParkedEventView> =>
    http.ask(pathOf(consumer, eventId), parkedEventView, { query: { atLeast } }),
  retryParked: (consumer: string, eventId: string) =>
    http.ask(`${pathOf(consumer, eventId)}/retry`, accepted, { method: 'POST', body: {} }),
  skipParked: (consumer: string, eventId: string, reason: string) =>
    http.ask(`${pathOf(consumer, eventId)}/skip`, accepted, { method: 'POST', body: { reason } }),
  retryAllParked: (consumer: string, throughRevision: string) =>
    http.ask(`/v1/parked/${at(consumer)}/retry`, accepted, { method: 'POST', body: { throughRevision } }),
});

const auditView = z.looseObject({
  recordedAt: z.string().max(40),
  actor: z.string().max(600),
  type: z.string().max(200),
  stream: z.string().max(200),
  revision: z.string().max(20),
  eventId: z.string().max(100),
  correlationId: z.string().max(600),
  position: z.string().max(200),
});
export type AuditView = z.infer<typeof auditView>;

export type AuditQuery = {
  readonly actor?: string | undefined;
  readonly type?: string | undefined;
  readonly accountId?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly order: 'oldest-first' | 'newest-first';
  readonly limit: number;
  readonly after?: string | undefined;
};

/** The route of the audit: one page. */
export const auditRoutes = (http: Http) => ({
  audit: (query: AuditQuery) => http.ask('/v1/audit', items(auditView), { query }),
});
