import { ZodError } from 'zod';
import { Refusal } from '#domain';
import {
  BusUnavailable,
  ConcurrencyConflict,
  ForeignPosition,
  InvalidAppend,
  type InvalidAppendReason,
  PositionAhead,
  StoreUnavailable,
  UnknownEvent,
} from '#events';
import { fieldErrorsMax } from './limits.ts';
import { DoorProblem, type ProblemData } from './problem.ts';
import type { ProblemCode } from './problems.ts';

export type Problem = { readonly code: ProblemCode; readonly detail: string; readonly data: ProblemData };

/** What a client is told about an error. Whatever is not an expected "no" is `internal`, without details. */
export const problemOf = (error: unknown): Problem => {
  if (error instanceof DoorProblem) return { code: error.code, detail: error.message, data: error.data };
  if (error instanceof Refusal) return { code: error.code, detail: error.message, data: error.data };
  if (error instanceof ZodError) return invalidRequest(error);
  if (error instanceof ConcurrencyConflict) {
    return { code: 'concurrency-conflict', detail: error.message, data: { stream: error.stream } };
  }
  if (error instanceof StoreUnavailable) {
    // The sentence names a file of the server: it is for the log, the fault for the client.
    const recorded =
      error.fault === 'in-doubt'
        ? 'it is not known whether this request was recorded: repeat it with the same Idempotency-Key'
        : 'nothing of this request was recorded';
    const detail = `the event store cannot do it now (${error.fault}); ${recorded}`;
    return { code: 'store-unavailable', detail, data: { fault: error.fault } };
  }
  if (error instanceof BusUnavailable) return { code: 'bus-unavailable', detail: error.message, data: {} };
  if (error instanceof ForeignPosition || error instanceof PositionAhead) {
    return { code: 'foreign-position', detail: error.message, data: {} };
  }
  if (error instanceof InvalidAppend && isOfItsData(error.reason)) {
    return { code: 'not-recordable', detail: error.message, data: { reason: error.reason } };
  }
  if (error instanceof UnknownEvent) {
    return { code: 'unknown-event', detail: error.message, data: { fault: error.fault } };
  }
  return httpProblem(error) ?? internal;
};

/** Whether what somebody sent made an event that cannot be; every other reason is a bug of ours. */
const isOfItsData = (reason: InvalidAppendReason): boolean => reason === 'too-large' || reason === 'not-json';

/** A request that its schema refuses, field by field. */
export const invalidRequest = (error: ZodError, where = 'request'): Problem => {
  const errors = error.issues.slice(0, fieldErrorsMax).map((issue) => ({
    path: issue.path.join('.'),
    message: issue.message,
  }));
  const shown = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return { code: 'invalid-request', detail: `the ${where} does not fit: ${shown}`, data: { errors } };
};

const internal: Problem = {
  code: 'internal',
  detail: 'this is a fault of the server; its log has the cause under this correlationId',
  data: {},
};

/** Errors of the HTTP framework, known by status because their classes are not ours. */
const httpProblem = (error: unknown): Problem | null => {
  const status = statusOf(error);
  const code = status === null ? undefined : codeOfStatus[status];
  return code === undefined || !(error instanceof Error) ? null : { code, detail: error.message, data: {} };
};

const codeOfStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid-request',
  404: 'not-found',
  405: 'method-not-allowed',
  408: 'request-timeout',
  413: 'body-too-large',
  415: 'unsupported-media-type',
  429: 'rate-limited',
  431: 'headers-too-large',
  503: 'shutting-down',
};

const statusOf = (error: unknown): number | null => {
  if (!(error instanceof Error)) return null;
  if ('getStatus' in error && typeof error.getStatus === 'function') {
    const status: unknown = error.getStatus();
    return typeof status === 'number' ? status : null;
  }
  return 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : null;
};
