import { isHostError } from '#host';
import { CliError, exitCodes } from '../cli-error.ts';
import { ApiProblem } from '../client/problem.ts';
import { safeText } from './text.ts';

/** A failure as people and programs get it. */
export type Failure = {
  readonly code: string;
  readonly message: string;
  readonly observed?: string | undefined;
  readonly wanted?: string | undefined;
  readonly fix?: string | undefined;
  readonly more?: readonly string[] | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly exitCode: number;
};

/** Any thrown thing as a failure with a code, a sentence and, where we know one, a fix. Total. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof CliError) {
    const { observed, wanted, fix, more, data } = error.facts;
    return { code: error.code, message: error.message, observed, wanted, fix, more, data, exitCode: error.exitCode };
  }
  if (error instanceof ApiProblem) return problemFailure(error);
  if (isHostError(error)) {
    const { fix, observed, wanted } = error.facts;
    return {
      code: error.code,
      message: error.message,
      observed: observed === undefined || observed === '' ? undefined : String(observed),
      wanted: wanted === undefined ? undefined : String(wanted),
      fix: fix === undefined ? undefined : String(fix),
      exitCode: exitCodes.bad,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, exitCode: exitCodes.bad };
};

/** The lines a person reads: what, observed and wanted, fix. Ends with a line break. */
export const failureText = (failure: Failure): string => {
  const seen = [
    failure.observed === undefined ? [] : [`observed ${safeText(failure.observed)}`],
    failure.wanted === undefined ? [] : [`wanted ${safeText(failure.wanted)}`],
  ].flat();
  return [
    `hcc: ${safeText(failure.message, 'lines')}`,
    ...(seen.length === 0 ? [] : [`  ${seen.join(', ')}`]),
    ...(failure.more ?? []).map((line) => `  ${safeText(line)}`),
    ...(failure.fix === undefined ? [] : [`  fix: ${safeText(failure.fix)}`]),
  ]
    .map((line) => `${line}\n`)
    .join('');
};

/** The same for a program, as one JSON value. */
export const failureJson = (failure: Failure): Readonly<Record<string, unknown>> => ({
  ...failure.data,
  code: failure.code,
  message: failure.message,
  ...(failure.observed === undefined ? {} : { observed: failure.observed }),
  ...(failure.wanted === undefined ? {} : { wanted: failure.wanted }),
  fix: failure.fix ?? null,
});

const problemFailure = (problem: ApiProblem): Failure => {
  const { observed, wanted, fix, errors } = problem.data;
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  return {
    code: problem.code,
    message: problem.message,
    observed: text(observed),
    wanted: text(wanted),
    fix: text(fix),
    // The sentence names the fields as well, unless there are too many of them.
    more: [
      ...fieldErrors(errors).filter((line) => !problem.message.includes(line)),
      ...(problem.correlationId === null ? [] : [`correlation ${problem.correlationId}`]),
    ],
    exitCode: exitCodes.bad,
  };
};

const fieldErrors = (errors: unknown): readonly string[] => {
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, 10).map((error: unknown) => {
    if (typeof error !== 'object' || error === null) return String(error);
    const path = 'path' in error ? (Array.isArray(error.path) ? error.path.join('.') : String(error.path)) : '';
    return `${path}: ${'message' in error ? String(error.message) : 'invalid'}`;
  });
};
