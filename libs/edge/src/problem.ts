import { problemFixes } from './problem-fixes.ts';
import { type ProblemCode, problems } from './problems.ts';

export type ProblemData = Readonly<Record<string, unknown>>;

/** A "no" of the door. The sentence names the thing, the observed value, the wanted value and the fix. */
export class DoorProblem extends Error {
  override readonly name = 'DoorProblem';
  readonly code: ProblemCode;
  readonly data: ProblemData;

  constructor(code: ProblemCode, detail: string, data: ProblemData = {}, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.data = data;
  }
}

/** RFC 9457, as every error answers: `application/problem+json`. */
export type ProblemDocument = ProblemData & {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly correlationId: string;
  /** What to do about it. */
  readonly fix: string;
};

/** The document of one problem. Its own members win over `data`'s. */
export const problemDocument = (
  problem: { readonly code: ProblemCode; readonly detail: string; readonly data?: ProblemData },
  correlationId: string,
): ProblemDocument => {
  const { code, detail, data = {} } = problem;
  const { fix = problemFixes[code] } = data;
  return { ...data, type: `urn:hcc:problem:${code}`, ...problems[code], detail, code, correlationId, fix: String(fix) };
};
