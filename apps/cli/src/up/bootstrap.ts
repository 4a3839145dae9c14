import { readdir } from 'node:fs/promises';
import { isoTime } from '#events';
import { ensureTools, freePort, type ToolName, tools } from '#host';
import { buildTinyImage, sayNeeded } from '#images';
import type { Cli } from '../cli.ts';
import { type Api, createApi } from '../client/api.ts';
import { createHttp } from '../client/http.ts';
import type { Where } from '../context.ts';
import { ensureAttestationSecrets } from './attestation-secrets.ts';
import { childProgram } from './child.ts';
import { attestorSpec, minerSpec, orchestratorSpec } from './children.ts';
import { apiHost, claimPort, endLeftovers } from './cluster.ts';
import { ensureDemoAccount } from './demo.ts';
import { offerStandardFlavors } from './flavors.ts';
import type { Fleet } from './fleet.ts';
import { publishGuestPolicy } from './guest-policy.ts';
import type { Home } from './home.ts';
import { publishHostPolicy } from './host-policy.ts';
import { ensureInvited, isAttached } from './invite.ts';
import { natsProgram } from './nats.ts';
import { ensureNetworkKey } from './network-key.ts';
import { type Look, lookAt } from './not-yet.ts';
import type { Steps } from './report.ts';
import { type Program, type Supervision, startSupervised } from './supervise.ts';
import { ensureToken, type Token, tokenFile } from './tokens.ts';
import { ensureVaultKey } from './vault.ts';

export type BootstrapOptions = { readonly port: number; readonly miners: number; readonly cacheDir: string };

/** What `up` needs from the one who runs it. */
export type Bootstrap = {
  readonly cli: Cli;
  readonly home: Home;
  readonly steps: Steps;
  readonly fleet: Fleet;
  readonly options: BootstrapOptions;
  /** Aborts with the reason why everything has to stop. */
  readonly signal: AbortSignal;
  readonly supervision: Supervision;
};

/** A miner whose agent attached in this run. */
export type RunningMiner = {
  readonly name: string;
  readonly minerId: string;
  readonly logFile: string;
  /** What was judged before says nothing of this run. */
  readonly startedAt: number;
};

/** A cluster that runs, with its image, its miners and its first account. */
export type Cluster = {
  readonly where: Where;
  readonly owner: Api;
  readonly operator: Api;
  readonly accountId: string;
  readonly imageDigest: string;
  readonly miners: readonly RunningMiner[];
};

const needed: readonly ToolName[] = tools
  .filter(({ provision, onlyForTests }) => provision.how !== 'system' && onlyForTests !== true)
  .map(({ name }) => name);

/** Brings a one-machine cluster up, step by step, each of them harmless to repeat: a second run finds the same state.
 *  What it started is in the fleet, whether it ends well or not. */
export const bootstrap = async (up: Bootstrap): Promise<Cluster> => {
  const { cli, home, steps, options, signal } = up;
  const step: Steps['run'] = (name, work) => {
    signal.throwIfAborted();
    return steps.run(name, work);
  };
  await home.announce(null);
  await endLeftovers(home, cli.clock, steps.note);
  const port = await claimPort(options.port);
  const { cacheDir } = options;
  await step('tools', (report) => ensureTools(needed, { report, cacheDir, env: cli.env, signal }));
  const image = await step('image', (report) => buildTinyImage({ cacheDir, report, signal }));
  const tokens = await step('secrets', async () => {
    await ensureNetworkKey(home);
    await ensureVaultKey(home);
    return {
      attestation: await ensureAttestationSecrets(home, cli.clock),
      operator: await ensureToken(home, 'operator', cli.makes),
      owner: await ensureToken(home, 'owner', cli.makes),
    };
  });
  const nats = await step('nats-server', async () => {
    const server = await natsProgram(home, cacheDir, cli.clock);
    // It is ready when it has started.
    await start(up, server.program, async () => null);
    return server;
  });
  const url = `http://${apiHost}:${port}`;
  const apis = { operator: apiOf(url, tokens.operator), owner: apiOf(url, tokens.owner) };
  await step('orchestrator', async (_report, waits) => {
    const { simulatedRootSha256 } = tokens.attestation;
    const at = { port, natsUrl: nats.url, natsSecretsDir: nats.secretsDir, simulatedRootSha256, cacheDir };
    const spec = orchestratorSpec(cli.env, home, at);
    const look = lookAt(url, spec.logFile, cli.clock.now());
    await start(up, childProgram(spec, cli.clock, steps.note), look, waits);
    await apis.operator.registerImage(image.digest, image.manifest);
    await offerStandardFlavors(apis.operator, steps);
    await home.announce({ url, startedAt: isoTime(cli.clock.now()) });
  });
  await step('attestor', async (_report, waits) => {
    const at = { natsUrl: nats.url, natsSecretsDir: nats.secretsDir, port: await freePort() };
    const spec = attestorSpec(cli.env, home, at);
    const look = lookAt(`http://${apiHost}:${at.port}`, spec.logFile, cli.clock.now());
    await start(up, childProgram(spec, cli.clock, steps.note), look, waits);
  });
  await step('policies', async (report, waits) => {
    const parts = { cacheDir, report, signal };
    waits('holds the boot image of VMs against what this installation would build');
    const digests = await publishGuestPolicy(apis.operator, parts);
    await sayNeeded(cacheDir, { dir: home.dir, digests });
    waits('holds the image of HCCAM against what this installation would build');
    await publishHostPolicy(apis.operator, { ...parts, base: image });
  });
  const miners = await step('miners', () => startMiners(up, url, apis.operator));
  const demo = await step('account', () => ensureDemoAccount(home, apis.operator, apis.owner, tokens, cacheDir));
  const where = { url, tokenFile: tokenFile(home, 'owner'), homeDir: home.dir, cacheDir, local: true };
  return { where, ...apis, accountId: demo.accountId, imageDigest: image.digest, miners };
};

/** Starts a program under supervision and puts it in the fleet. */
const start = async (
  { fleet, supervision, signal }: Bootstrap,
  program: Program,
  look: Look,
  waits: (says: string) => void = () => undefined,
): Promise<void> => fleet.add(await startSupervised(program, look, supervision, { signal, waits }));

const startMiners = async (up: Bootstrap, url: string, operator: Api): Promise<readonly RunningMiner[]> => {
  const { cli, home, options } = up;
  const names = await minerNames(home, options.miners);
  const started = names.map(async (name) => {
    const miner = await ensureInvited(home, operator, name, cli);
    const spec = await minerSpec(cli.env, home, miner, { url, cacheDir: options.cacheDir, miners: names.length });
    const startedAt = cli.clock.now();
    await start(up, childProgram(spec, cli.clock, up.steps.note), async () =>
      isAttached(await operator.miner(miner.minerId), miner) ? null : notAttached,
    );
    return { name, minerId: miner.minerId, logFile: spec.logFile, startedAt };
  });
  // All of them, also when one failed: whoever stops the cluster must find each in the fleet.
  await Promise.allSettled(started);
  return Promise.all(started);
};

const notAttached = { says: 'has not attached yet', mark: '' };

/** `miner-1` to the number wanted, and those that were there before: VMs may live on them. */
const minerNames = async (home: Home, wanted: number): Promise<readonly string[]> => {
  const names = Array.from({ length: wanted }, (_, index) => `miner-${index + 1}`);
  const earlier = (await readdir(home.path('miners'))).filter((name) => /^miner-\d{1,3}$/.test(name));
  return [...new Set([...names, ...earlier])];
};

const apiOf = (url: string, token: Token): Api => createApi(createHttp({ url, token: token.text }));
