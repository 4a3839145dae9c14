import { z } from 'zod';
import type { Check, Finding } from '#host';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { createHttp } from '../client/http.ts';
import { type ContextOptions, connect, locate, type Where } from '../context.ts';
import { limits } from '../limits.ts';
import { failureOf } from '../output/errors.ts';

/** What a running cluster must answer. Without one, each is a SKIP that says so. */
export const clusterChecks = (cli: Cli, options: ContextOptions): readonly Check[] => [
  {
    code: 'HCC-C001',
    name: 'api-reachable',
    wanted: 'an answer from /healthz',
    look: () => ask(cli, options, checkHealth),
  },
  {
    code: 'HCC-C002',
    name: 'api-token',
    wanted: 'a token the API knows',
    look: () => ask(cli, options, () => checkToken(cli, options)),
  },
  { code: 'HCC-C003', name: 'ready', wanted: 'every part ready', look: () => ask(cli, options, checkReady) },
];

const ask = async (
  cli: Cli,
  options: ContextOptions,
  check: (where: Where) => Promise<Finding | readonly Finding[]>,
): Promise<Finding | readonly Finding[]> => {
  let where: Where;
  try {
    where = await locate(options, 'owner', cli);
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'no-cluster') throw error;
    return { status: 'SKIP', observed: 'no cluster runs in this home', fix: 'npm start' };
  }
  try {
    return await check(where);
  } catch (error) {
    const { message, observed, fix } = failureOf(error);
    const seen = observed === undefined ? message : `${message}: ${observed}`;
    return { status: 'FAIL', observed: seen, ...(fix === undefined ? {} : { fix }) };
  }
};

const checkHealth = async ({ url }: Where): Promise<Finding> => {
  await createHttp({ url, token: null, timeoutMs: limits.checkTimeoutMs }).ask('/healthz', z.unknown());
  return { status: 'PASS', observed: url };
};

const checkToken = async (cli: Cli, options: ContextOptions): Promise<Finding> => {
  const { api, tokenFile } = await connect(options, 'owner', cli);
  const { role, network } = await api.whoami();
  return { status: 'PASS', observed: `${role} of the ${network.kind} network "${network.name}", by ${tokenFile}` };
};

const readiness = z.looseObject({
  ready: z.boolean(),
  parts: z.array(z.looseObject({ name: z.string(), ready: z.boolean(), detail: z.string().nullish() })),
  parked: z.number().optional(),
});

/** One finding per part that the orchestrator names, and one for what it has parked. */
const checkReady = async ({ url, homeDir, local }: Where): Promise<readonly Finding[]> => {
  const http = createHttp({ url, token: null, timeoutMs: limits.checkTimeoutMs });
  const { parts, parked } = await http.ask('/readyz', readiness, { alsoOk: [503] });
  const log = local ? `${homeDir}/logs/orchestrator.log` : "the orchestrator's log";
  const findings = parts.map(({ name, ready, detail }): Finding => {
    const part = { code: `HCC-C003-${name}`, name: `ready-${name}`, wanted: 'ready' };
    if (ready) return { ...part, status: 'PASS', observed: detail ?? 'ready' };
    return { ...part, status: 'FAIL', observed: detail ?? 'not ready', fix: `${log} says more` };
  });
  return [...findings, parkedFinding(parked ?? 0)];
};

const parkedFinding = (parked: number): Finding => {
  const about = { code: 'HCC-C004', name: 'parked-events', wanted: 'none' };
  if (parked === 0) return { ...about, status: 'PASS', observed: 'none' };
  return { ...about, status: 'WARN', observed: `${parked} parked`, fix: 'hcc parked ls' };
};
