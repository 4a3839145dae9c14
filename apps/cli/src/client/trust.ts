import { z } from 'zod';
import { at, list, part, post } from './calls.ts';
import type { Http } from './http.ts';
import { freshness, items, stale } from './views.ts';

// What the API answers about trust, as far as this tool reads it.

const time = z.string().max(40);
const id = z.string().max(200);
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
  publishPolicy: (name: string, policy: NewPolicy) => post(http, `/v1/policies/${at(name)}`, policy),
});

const deviceView = z.looseObject({
  deviceKey: id,
  deviceKind: z.enum(['chip', 'tpm']),
  deviceId: id,
  holder: id.nullable(),
  dispute: z.looseObject({ minerId: id, reason: text }).nullable(),
  refused: z.array(id),
  claimedAt: time,
  changedAt: time,
});
export type DeviceView = z.infer<typeof deviceView>;

export const deviceRoutes = (http: Http) => {
  const change = (key: string, verb: string, body: object) => post(http, `/v1/devices/${at(key)}/${verb}`, body);
  return {
    devices: (query: { minerId?: string | undefined } = {}, rowsMax?: number): Promise<readonly DeviceView[]> =>
      list(http, '/v1/devices', deviceView, query, rowsMax),
    releaseDevice: (key: string, reason: string) => change(key, 'release', { reason }),
    transferDevice: (key: string, to: string, reason: string) => change(key, 'transfer', { to, reason }),
    disputeDevice: (key: string, minerId: string, reason: string) => change(key, 'dispute', { minerId, reason }),
    settleDevice: (key: string, outcome: string, reason: string) => change(key, 'settle', { outcome, reason }),
  };
};

const refusal = z.looseObject({ group: text, code: text, observed: text, wanted: text, title: text, fix: text });
const policyUsed = z.looseObject({ name: text, version: z.number(), sha256: text });

const attestationView = freshness.extend({
  minerId: id,
  isStale: z.boolean(),
  platform: text.nullable(),
  groups: z.record(z.string(), text).nullable(),
  appraisalId: id.nullable(),
  evidenceSha256: text.nullable(),
  refusals: z.array(refusal),
  policies: z.array(policyUsed),
  claims: z.looseObject({ launchDigest: text.nullable() }).nullable(),
  key: z.looseObject({ isSimulated: z.boolean() }).nullable(),
  appraisals: z.number(),
  affirmed: z.number(),
  failuresInRow: z.number(),
});
export type AttestationView = z.infer<typeof attestationView>;

const reason = z.looseObject({
  eventId: id,
  stream: id,
  revision: z.string().max(20),
  type: text,
  at: time,
  code: text,
  delta: z.number(),
  score: z.number(),
  policyVersion: z.number(),
});
export type ReasonView = z.infer<typeof reason>;

export const reputationView = z.looseObject({
  minerId: id,
  score: z.number(),
  start: z.number(),
  earlier: z.number(),
  silence: z.number(),
  policyVersion: z.number(),
  reasons: z.array(reason),
  stale,
});
export type ReputationView = z.infer<typeof reputationView>;

export const slashingView = z.looseObject({
  proposalId: id,
  ground: text,
  appraisalId: id,
  needsCorroboration: z.boolean(),
  state: text,
  appeal: text.nullable(),
  decision: z.looseObject({ outcome: text, reason: text }).nullable(),
});
export type SlashingView = z.infer<typeof slashingView>;

export const trustRoutes = (http: Http) => {
  const of = (miner: string, part: string): string => `/v1/miners/${at(miner)}/${part}`;
  return {
    attestation: (miner: string): Promise<AttestationView> => http.ask(of(miner, 'attestation'), attestationView),
    reputation: (miner: string): Promise<ReputationView> => http.ask(of(miner, 'reputation'), reputationView),
    slashings: (miner: string) => http.ask(of(miner, 'slashing'), part(slashingView)),
    appealSlashing: (miner: string, proposal: string, why: string) =>
      post(http, of(miner, `slashing/${at(proposal)}/appeal`), { reason: why }),
    decideSlashing: (miner: string, proposal: string, outcome: string, why: string) =>
      post(http, of(miner, `slashing/${at(proposal)}/decision`), { outcome, reason: why }),
  };
};
