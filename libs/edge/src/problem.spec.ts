import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Refusal } from '#domain';
import {
  BusUnavailable,
  ConcurrencyConflict,
  ForeignPosition,
  InvalidAppend,
  type Position,
  PositionAhead,
  StoreUnavailable,
  streamName,
  UnknownEvent,
} from '#events';
import { DoorProblem, problemDocument } from './problem.ts';
import { problemOf } from './problem-of.ts';
import { problems } from './problems.ts';

describe('problems', () => {
  it('every code has a status of an error and a title', () => {
    for (const [code, { status, title }] of Object.entries(problems)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(title.length).toBeGreaterThan(5);
    }
  });

  it('a document is RFC 9457, and its data cannot overwrite what is ours', () => {
    const document = problemDocument({ code: 'vm-not-found', detail: 'no', data: { status: 200, vmId: 'x' } }, 'c-1');
    expect(document).toEqual({
      vmId: 'x',
      type: 'urn:hcc:problem:vm-not-found',
      title: problems['vm-not-found'].title,
      status: 404,
      detail: 'no',
      code: 'vm-not-found',
      correlationId: 'c-1',
      fix: 'check the id: hcc vm ls',
    });
  });

  it.each([
    [new Refusal('insufficient-credits', 'too few', { observed: '1' }), 'insufficient-credits', { observed: '1' }],
    [new DoorProblem('forbidden', 'no'), 'forbidden', {}],
    [new ConcurrencyConflict(streamName('vm', 'a'), 1n, 2n), 'concurrency-conflict', { stream: 'vm-a' }],
    [new StoreUnavailable('disk-full', 'full'), 'store-unavailable', { fault: 'disk-full' }],
    [new StoreUnavailable('in-doubt', 'lost'), 'store-unavailable', { fault: 'in-doubt' }],
    [new PositionAhead('s.9' as Position, null), 'foreign-position', {}],
    [new InvalidAppend('too-large', 'data of VmRequested has 300000 bytes'), 'not-recordable', { reason: 'too-large' }],
    [new InvalidAppend('repeated-id', 'twice'), 'internal', {}],
    [new ForeignPosition('not of this store'), 'foreign-position', {}],
    [new BusUnavailable('gone'), 'bus-unavailable', {}],
    [new UnknownEvent('type', 'what'), 'unknown-event', { fault: 'type' }],
    [Object.assign(new Error('too large'), { statusCode: 413 }), 'body-too-large', {}],
    [Object.assign(new Error('text/xml'), { statusCode: 415 }), 'unsupported-media-type', {}],
  ])('given %s, then it has its own code', (error, code, data) => {
    expect(problemOf(error)).toMatchObject({ code, data });
  });

  it('given anything unforeseen, then nothing of it is shown', () => {
    const problem = problemOf(new Error('password is hunter2'));
    expect(problem.code).toBe('internal');
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  it('given a body that does not fit, then every field is named', () => {
    const { error } = z.strictObject({ a: z.string(), b: z.object({ c: z.int() }) }).safeParse({ b: { c: 'x' }, d: 1 });
    const problem = problemOf(error);
    expect(problem.code).toBe('invalid-request');
    expect(problem.data).toMatchObject({ errors: [{ path: 'a' }, { path: 'b.c' }, { path: '' }] });
    expect(problem.detail).toContain('"d"');
  });
});
