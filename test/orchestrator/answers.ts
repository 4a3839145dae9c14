import { z } from 'zod';
import { controllers } from '../../apps/orchestrator/src/app.module.ts';
import { refusalsOf, routesOf } from '../../apps/orchestrator/src/http/reference/operations.ts';
import type { Route } from '../../apps/orchestrator/src/http/route.ts';

export const routes = routesOf(controllers);

const patterns = routes.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replace(/[.]/g, '\\.').replace(/:[A-Za-z]+/g, '[^/]+')}$`),
}));

/** The described route that a request goes to; a whole address wins over one with a parameter. */
export const routeFor = (method: string, path: string): Route | undefined => {
  const address = path.replace(/\?.*$/s, '');
  const found = patterns.filter(({ route, pattern }) => route.method === method && pattern.test(address));
  return (found.find(({ route }) => route.path === address) ?? found[0])?.route;
};

/** Throws when a route answers something other than it is described to: every spec that asks checks the reference. */
export const checkAnswer = (method: string, path: string, status: number, body: unknown): void => {
  const route = routeFor(method, path);
  if (route === undefined || route.answer.kind !== 'json') return;
  const what = `${method} ${route.path} answered ${status}`;
  if (route.answer.statuses.includes(status)) {
    const parsed = route.answer.schema.safeParse(body);
    if (!parsed.success) throw new Error(`${what}, not as described: ${z.prettifyError(parsed.error)}`);
    return;
  }
  const code = z.object({ code: z.string() }).safeParse(body).data?.code;
  if (refusalsOf(route).some((known) => known === code)) return;
  throw new Error(`${what} ${code ?? JSON.stringify(body)}, which its description does not name`);
};
