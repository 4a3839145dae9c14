import { describe, expect, test } from 'vitest';
import { HostError } from '#host';
import { badAnswer, unreachableError, usageError } from '../cli-error.ts';
import { problemOf } from '../client/problem.ts';
import { failureJson, failureOf, failureText } from './errors.ts';
import { styleFor } from './style.ts';

describe('a failure', () => {
  test('is told as what, observed and wanted, fix: a line each', () => {
    const failure = failureOf(
      badAnswer('port-in-use', 'port 7070 is used', { observed: 'taken', wanted: 'free', fix: 'hcc up --port 0' }),
    );
    expect(failureText(failure)).toBe(
      'hcc: port 7070 is used\n  observed taken, wanted free\n  fix: hcc up --port 0\n',
    );
  });

  test('carries its exit code: 1 for a bad answer, 2 for usage, 3 for nobody there', () => {
    const codes = [badAnswer('a', 'a'), usageError('b', 'b'), unreachableError('c', 'c'), new Error('d')].map(
      (error) => failureOf(error).exitCode,
    );
    expect(codes).toEqual([1, 2, 3, 1]);
  });

  test('of the API keeps its code and sentence, and its fix', () => {
    const body = JSON.stringify({
      type: 'urn:hcc:problem:insufficient-credits',
      title: 'Not enough credits',
      status: 402,
      detail: 'account demo has 3 credits, a VM needs 10',
      code: 'insufficient-credits',
      correlationId: 'c-1',
      observed: '3 credits',
      wanted: '10 credits',
      fix: 'ask an operator: hcc account grant ACCOUNT CREDITS',
    });
    const failure = failureOf(problemOf(402, body, 'POST /v1/vms'));
    expect(failureText(failure)).toContain('observed 3 credits, wanted 10 credits');
    expect(failureJson(failure)).toMatchObject({ code: 'insufficient-credits', fix: expect.stringContaining('grant') });
  });

  test('of the API names every field that was wrong', () => {
    const body = JSON.stringify({
      type: 'urn:hcc:problem:invalid-request',
      title: 'Invalid request',
      status: 400,
      code: 'invalid-request',
      errors: [{ path: 'name', message: 'too long' }],
    });
    expect(failureText(failureOf(problemOf(400, body, 'POST /v1/vms')))).toContain('  name: too long\n');
  });

  test('of the host layer keeps its fix', () => {
    const failure = failureOf(
      new HostError('tool-missing', 'ssh is needed', { fix: 'apt-get install openssh-client' }),
    );
    expect(failure).toMatchObject({ code: 'tool-missing', fix: 'apt-get install openssh-client', exitCode: 1 });
  });

  test('cannot recolour a screen', () => {
    expect(failureText(failureOf(new Error('\u001b[31mred')))).toBe('hcc: ·[31mred\n');
  });
});

test('colours are for a terminal only, and NO_COLOR wins', () => {
  const shown = (isTty: boolean, env: Record<string, string>): string => styleFor(isTty, env).bad('x');
  expect([shown(false, {}), shown(true, { NO_COLOR: '1' }), shown(true, { TERM: 'dumb' })]).toEqual(['x', 'x', 'x']);
  expect(shown(true, {})).not.toBe('x');
});
