import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Correlation } from './correlation.ts';
import type { Log } from './log.ts';
import { problemDocument } from './problem.ts';
import { type Problem, problemOf } from './problem-of.ts';

/** The part of a Fastify reply that an error needs. */
export type ProblemReply = {
  readonly sent: boolean;
  header(name: string, value: string): unknown;
  status(code: number): { send(body: string): unknown };
};

export type ProblemFilterOptions<Request> = {
  readonly log: Log;
  readonly correlationOf: (request: Request) => Correlation;
  /** Mends what the framework cannot tell apart, such as a wrong method from a wrong address. */
  readonly refine?: (problem: Problem, request: Request, reply: ProblemReply) => Problem;
};

/** The one place where errors become answers. Whatever is not an expected "no" is logged with its stack and answers 500 without details. */
export class ProblemFilter<Request> implements ExceptionFilter {
  readonly #options: ProblemFilterOptions<Request>;

  constructor(options: ProblemFilterOptions<Request>) {
    this.#options = options;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<Request>(), http.getResponse<ProblemReply>());
  }

  /** Answers an error that never reached a controller. */
  answer(error: unknown, request: Request, reply: ProblemReply): void {
    const { log, correlationOf, refine } = this.#options;
    const { correlationId } = correlationOf(request);
    const found = problemOf(error);
    const problem = refine?.(found, request, reply) ?? found;
    const document = problemDocument(problem, correlationId);
    if (problem.code === 'internal') log('error', 'request failed', { correlationId, error });
    else if (document.status >= 500) log('warn', 'request failed', { correlationId, code: problem.code, error });
    // A stream that had begun cannot change its status any more; its connection just ends.
    if (reply.sent) return;
    if (document.status === 401) reply.header('www-authenticate', 'Bearer');
    if (document.status === 503) reply.header('retry-after', '1');
    reply.header('content-type', 'application/problem+json');
    reply.status(document.status).send(JSON.stringify(document));
  }
}
