import { z } from 'zod';
import type { Http } from './http.ts';
import { type Accepted, accepted, items } from './views.ts';

// What the API answers about trust, as far as this tool reads it.

const time = z.string().max(40);

const text = z.string().max(8_000);

const policySummary = z.looseObject({
  name: text,
  version: z.number(),
  sha256: text,
  reason: text,
  publishedAt: time.nullable(),
});
export type PolicySummary = z.infer<typeof policySummary>;

const policyView = policySummary.extend({ document: z.record(z.string(), z.json()) });
export type PolicyView = z.infer<typeof policyView>;

export type NewPolicy = {
  readonly document: unknown;
  readonly reason: string;
  readonly follows?: number | undefined;
};

export const policyRoutes = (http: Http) => ({
  policies: async (): Promise<readonly PolicySummary[]> => (await http.ask('/v1/policies', items(policySummary))).items,
  policy: (name: string, version?: number): Promise<PolicyView> =>
    http.ask(`/v1/policies/${at(name)}`, policyView, { query: { version } }),
  publishPolicy: (name: string, policy: NewPolicy): Promise<Accepted> =>
    http.ask(`/v1/policies/${at(name)}`, accepted, { method: 'POST', body: policy }),
});

const at = encodeURIComponent;
