import type { Problem, ProblemReply } from '#edge';
import type { HttpRequest } from './request.ts';

type Route = { readonly method: string; readonly pattern: RegExp };

/** Which addresses there are and what they take, so that a wrong method is told from a wrong address. */
export type RouteBook = {
  add(methods: string | readonly string[], url: string): void;
  refine(problem: Problem, request: HttpRequest, reply: ProblemReply): Problem;
};

export const createRouteBook = (): RouteBook => {
  const routes: Route[] = [];
  return {
    add: (methods, url) => {
      const escaped = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      const pattern = new RegExp(`^${escaped.replace(/:[A-Za-z]+/g, '[^/]+')}/?$`);
      for (const method of [methods].flat()) routes.push({ method, pattern });
    },
    refine: (problem, { method, url }, reply) => {
      if (problem.code !== 'not-found') return problem;
      const path = url.replace(/\?.*$/s, '');
      const taken = routes.filter(({ pattern }) => pattern.test(path)).map((route) => route.method);
      if (taken.includes(method)) return problem;
      const shown = path.slice(0, 200);
      if (taken.length === 0) return { ...problem, detail: `there is no ${shown} in this API` };
      const allowed = [...new Set(taken)].sort();
      reply.header('allow', allowed.join(', '));
      return {
        code: 'method-not-allowed',
        detail: `${shown} does not take ${method}; it takes ${allowed.join(', ')}`,
        data: { observed: method, wanted: allowed },
      };
    },
  };
};
