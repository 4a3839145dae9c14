import { z } from 'zod';

const problem = z.looseObject({
  type: z.string().max(300),
  title: z.string().max(500),
  status: z.int(),
  detail: z.string().max(8_000).optional(),
  code: z.string().max(100),
  correlationId: z.string().max(100).optional(),
});

/** The API said no. The message is its sentence, `code` its typed reason, `data` the observed and wanted values. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly correlationId: string | null;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(
    facts: Pick<ApiProblem, 'status' | 'code' | 'title' | 'correlationId' | 'data'> & { readonly detail: string },
  ) {
    super(facts.detail);
    this.status = facts.status;
    this.code = facts.code;
    this.title = facts.title;
    this.correlationId = facts.correlationId;
    this.data = facts.data;
  }
}

/** Reads an answer that is not a success. A body that is no problem document (a proxy's page) still gives one. */
export const problemOf = (status: number, body: string, what: string): ApiProblem => {
  const parsed = problem.safeParse(jsonOrNull(body));
  if (!parsed.success) {
    return new ApiProblem({
      status,
      code: `http-${status}`,
      title: 'Unexpected answer',
      detail: `${what} answered ${status} without a problem document`,
      correlationId: null,
      data: {},
    });
  }
  const { type: _type, status: _status, title, detail, code, correlationId, ...data } = parsed.data;
  return new ApiProblem({ status, code, title, detail: detail ?? title, correlationId: correlationId ?? null, data });
};

/** Whether a failure is the API's, of the given code when one is given. */
export const isApiProblem = (error: unknown, code?: string): error is ApiProblem =>
  error instanceof ApiProblem && (code === undefined || error.code === code);

const jsonOrNull = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
