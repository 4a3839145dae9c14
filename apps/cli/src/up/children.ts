import { fileURLToPath } from 'node:url';
import type { Env } from '#host';
import { limits } from '../limits.ts';
import { attestorFiles } from './attestation-secrets.ts';
import type { ChildSpec } from './child.ts';
import { apiHost, childEnv, minerOffer } from './cluster.ts';
import type { Home } from './home.ts';
import type { InvitedMiner } from './invite.ts';
import { networkKeyFile } from './network-key.ts';
import { tokenFile } from './tokens.ts';
import { vaultEnv } from './vault.ts';

/** A program of ours, beside this one in the build. Apps meet on HTTP and the bus, so it is a path and not an import. */
const program = (app: 'orchestrator' | 'attestor' | 'miner-node'): string =>
  fileURLToPath(new URL(`../../../${app}/src/main.js`, import.meta.url));

/** How the orchestrator of a local cluster is run. */
export const orchestratorSpec = (
  env: Env,
  home: Home,
  at: {
    readonly port: number;
    readonly natsUrl: string;
    readonly natsSecretsDir: string;
    readonly simulatedRootSha256: string;
    readonly cacheDir: string;
  },
): ChildSpec => ({
  name: 'orchestrator',
  command: process.execPath,
  args: [program('orchestrator')],
  env: childEnv(env, {
    HCC_LISTEN_HOST: apiHost,
    HCC_LISTEN_PORT: at.port.toString(),
    ...storeEnv(env, home),
    HCC_LOG_HEADS_FILE: home.path('log-heads.ndjson'),
    HCC_NETWORK_KEY_FILE: networkKeyFile(home),
    ...vaultEnv(home),
    HCC_RESULT_PUBLIC_KEY_FILE: attestorFiles(home).resultPublicKey,
    HCC_EVIDENCE_DIR: home.path('evidence'),
    HCC_EVIDENCE_KEY_FILE: attestorFiles(home).evidenceKey,
    HCC_READMODEL_DIR: home.path('readmodels'),
    HCC_NATS_URL: at.natsUrl,
    HCC_NATS_SECRETS_DIR: at.natsSecretsDir,
    HCC_OPERATOR_TOKEN_FILE: tokenFile(home, 'operator'),
    HCC_IMAGE_CACHE_DIR: at.cacheDir,
    HCC_NETWORK_NAME: 'local',
    HCC_NETWORK_KIND: 'simulated',
    HCC_SIMULATED_ROOT_SHA256: at.simulatedRootSha256,
    HCC_LOG_LEVEL: env.HCC_LOG_LEVEL ?? 'info',
    // A person's word for one start: consumers whose checkpoint is lost or damaged begin at the beginning.
    ...(env.HCC_RECONCILE === undefined ? {} : { HCC_RECONCILE: env.HCC_RECONCILE }),
    // Figures for whoever wants to graph them; on loopback, and only when asked for.
    ...(env.HCC_METRICS_PORT === undefined ? {} : { HCC_METRICS_PORT: env.HCC_METRICS_PORT }),
  }),
  logFile: home.path('logs', 'orchestrator.log'),
  stopMs: limits.childStopMs,
});

/** How the attestor of a local cluster is run, beside the orchestrator and on the same record. */
export const attestorSpec = (
  env: Env,
  home: Home,
  at: { readonly natsUrl: string; readonly natsSecretsDir: string; readonly port: number },
): ChildSpec => {
  const files = attestorFiles(home);
  return {
    name: 'attestor',
    command: process.execPath,
    args: [program('attestor')],
    env: childEnv(env, {
      ...storeEnv(env, home),
      HCC_NATS_URL: at.natsUrl,
      HCC_NATS_SECRETS_DIR: at.natsSecretsDir,
      HCC_VERIFIER_KEY_FILE: files.verifierKey,
      HCC_RESULT_KEY_FILE: files.resultKey,
      HCC_EVIDENCE_DIR: home.path('evidence'),
      HCC_EVIDENCE_KEY_FILE: files.evidenceKey,
      HCC_SIMULATED_ROOT_FILE: files.simulatedRoot,
      HCC_VEK_CACHE_DIR: home.path('veks'),
      HCC_FOLDS_DIR: home.path('attestor-folds'),
      HCC_METRICS_PORT: at.port.toString(),
      HCC_LOG_LEVEL: env.HCC_LOG_LEVEL ?? 'info',
    }),
    logFile: home.path('logs', 'attestor.log'),
    stopMs: limits.childStopMs,
  };
};

/** The store named in our environment, or a file of this home. */
const storeEnv = ({ HCC_STORE, HCC_STORE_CREDENTIALS_FILE }: Env, home: Home): Readonly<Record<string, string>> =>
  HCC_STORE === undefined || HCC_STORE === ''
    ? { HCC_STORE: `sqlite:${home.path('store', 'hcc.sqlite')}` }
    : { HCC_STORE, ...(HCC_STORE_CREDENTIALS_FILE === undefined ? {} : { HCC_STORE_CREDENTIALS_FILE }) };

/** How one miner of a local cluster is run: told to go, it shuts its VMs down first, since their host goes with it. */
export const minerSpec = async (
  env: Env,
  home: Home,
  miner: InvitedMiner,
  at: { readonly url: string; readonly cacheDir: string; readonly miners: number },
): Promise<ChildSpec> => ({
  name: miner.name,
  command: process.execPath,
  args: [program('miner-node')],
  env: childEnv(env, {
    ...(await minerOffer(home.dir, at.miners)),
    HCC_MINER_DIR: miner.dir,
    HCC_MINER_ID: miner.minerId,
    HCC_MINER_NAME: miner.name,
    HCC_API_URL: at.url,
    HCC_JOIN_TOKEN_FILE: miner.joinTokenFile,
    HCC_CACHE: at.cacheDir,
    ...backupEnv(env, home),
    HCC_MINER_ON_EXIT: 'stop',
    HCC_LOG_LEVEL: env.HCC_LOG_LEVEL ?? 'info',
  }),
  logFile: home.path('logs', `${miner.name}.log`),
  stopMs: limits.minerStopMs,
});

/** The store of backups named in our environment, or a directory of this home: one for all of its miners. */
const backupEnv = (env: Env, home: Home): Readonly<Record<string, string>> => {
  const named = Object.entries(env).filter(([name, value]) => name.startsWith('HCC_BACKUP_') && value !== '');
  const given = Object.fromEntries(named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  return 'HCC_BACKUP_STORE' in given ? given : { HCC_BACKUP_STORE: `dir:${home.path('backups')}` };
};
