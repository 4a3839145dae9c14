import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { EvidencePlace } from '#adapters/evidence';
import { type KekSource, kekCommand } from '#adapters/vault';
import {
  ConfigInvalid,
  type Environment,
  type LogLevel,
  logLevels,
  parseConfig,
  readSecretFile,
  type StoreChoice,
  storeChoiceOf,
  storeForm,
  storeWanted,
  text,
  wholeNumber,
  withStoreAddress,
} from '#edge';
import { networkKeyFrom, resultKeyFrom } from './heads/network-key.ts';
import { type OperatorToken, operatorTokenFrom } from './http/auth/authenticator.ts';
import { generousRates, type RateLimits } from './http/rates.ts';
import type { NetworkTerms } from './lifecycle/found-network.ts';

export type OrchestratorConfig = {
  readonly listenHost: string;
  /** 0 takes any free one; the log says which. */
  readonly listenPort: number;
  readonly store: StoreChoice;
  readonly readModelDir: string;
  /** Every server of the bus: one on a single machine, each node of a cluster. */
  readonly natsServers: readonly string[];
  /** JetStream replicas of each stream: 1, or 3 or 5 in a cluster. */
  readonly natsReplicas: number;
  /** Timers are kept there and shared by replicas; `null` keeps them in this process. */
  readonly redis: { readonly url: string; readonly password: string | null } | null;
  /** Where figures are given; `null` gives none. */
  readonly metricsAt: { readonly host: string; readonly port: number } | null;
  readonly natsSecretsDir: string;
  readonly operatorToken: OperatorToken;
  /** For ever: the log's first event says it. */
  readonly network: NetworkTerms;
  readonly rateLimits: RateLimits;
  readonly logLevel: LogLevel;
  /** A person's word that processes and relay without a checkpoint may begin at the beginning of the log. */
  readonly reconcile: boolean;
  readonly logHeadsFile: string;
  /** A cache whose registered images and boot images are given to miners; none are unless given. */
  readonly imageCacheDir?: string;
  /** Where the keys of volumes are, and what they are wrapped under; `older` while a rotation is not done. */
  readonly vault: { readonly dir: string; readonly kek: KekSource; readonly older: KekSource | null };
  /** Ed25519, public: what attestors sign their results with. */
  readonly resultKey: KeyObject;
  /** What passports of VMs are made from beside the log; each `null` leaves it out of them. */
  readonly passports: { readonly evidence: EvidencePlace | null; readonly vekCacheDir: string | null };
};

const natsWanted = 'nats://host:port, without credentials; of a cluster all servers, with commas between';

const rate = (whenAbsent: number) =>
  wholeNumber('requests a minute, 0 for no limit', 0, 1_000_000_000).default(whenAbsent);

const environment = z.object({
  HCC_LISTEN_HOST: text('an address to listen on').default('127.0.0.1'),
  HCC_LISTEN_PORT: wholeNumber('a TCP port, 0 to 65535', 0, 65_535),
  HCC_STORE: z.string({ error: storeWanted }).regex(storeForm, storeWanted),
  HCC_STORE_CREDENTIALS_FILE: text('the path of a file (mode 600) with user:password of the store').optional(),
  HCC_READMODEL_DIR: text('a directory for read models'),
  HCC_NATS_URL: z
    .string({ error: natsWanted })
    .regex(/^(nats|tls):\/\/[^\s@/,]+:[0-9]{1,5}(,(nats|tls):\/\/[^\s@/,]+:[0-9]{1,5}){0,8}$/, natsWanted),
  HCC_NATS_REPLICAS: z.enum(['1', '3', '5'], { error: '1, 3 or 5' }).default('1'),
  HCC_REDIS_URL: z
    .string()
    .regex(
      /^rediss?:\/\/[^\s@/:]+(:[0-9]{1,5})?(\/[0-9]{1,3})?$/,
      'redis://host:port, its password in HCC_REDIS_PASSWORD_FILE',
    )
    .optional(),
  HCC_REDIS_PASSWORD_FILE: text('the path of a file (mode 600) with the password of Redis').optional(),
  HCC_METRICS_HOST: text('an address to give figures on').default('127.0.0.1'),
  HCC_METRICS_PORT: wholeNumber('a TCP port, 0 to 65535', 0, 65_535).optional(),
  HCC_NATS_SECRETS_DIR: text('the directory of the NATS operator keys'),
  HCC_OPERATOR_TOKEN_FILE: text('the path of a file (mode 600) with the operator token'),
  HCC_LOG_HEADS_FILE: text("the path of the log's signed heads, outside the store"),
  HCC_IMAGE_CACHE_DIR: text('the cache directory whose images miners may fetch').optional(),
  HCC_NETWORK_KEY_FILE: text('the path of a file (mode 600) with the network key'),
  HCC_VAULT_DIR: text('the directory of the keys of volumes, on a disk that is backed up'),
  HCC_VAULT_KEY_FILE: text(
    'the path of a file (mode 600) with 64 hex digits that those keys are wrapped under',
  ).optional(),
  HCC_VAULT_KEY_COMMAND: text(
    'a JSON array of words: a program that writes those 64 hex digits to its stdout',
  ).optional(),
  HCC_VAULT_OLD_KEY_FILE: text('the path of a file (mode 600) with what they were wrapped under before').optional(),
  HCC_RESULT_PUBLIC_KEY_FILE: text('the path of a file with the public key that attestors sign results with'),
  HCC_EVIDENCE_DIR: text('the directory the attestors keep evidence in, to put it into passports').optional(),
  HCC_EVIDENCE_KEY_FILE: text('the path of a file (mode 600) with the 64 hex digits it is kept under').optional(),
  HCC_VEK_CACHE_DIR: text('a directory for certificates of chips').optional(),
  HCC_NETWORK_NAME: text('the name of the network').default('local'),
  HCC_NETWORK_KIND: z.enum(['simulated', 'production'], { error: 'simulated or production, for ever' }),
  HCC_SIMULATED_ROOT_SHA256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, '64 hex digits, on a simulated network')
    .optional(),
  HCC_RATE_ADDRESS_PER_MINUTE: rate(generousRates.addressPerMinute),
  HCC_RATE_CALLER_PER_MINUTE: rate(generousRates.callerPerMinute),
  HCC_LOG_LEVEL: z.enum(logLevels, { error: `one of ${logLevels.join(', ')}` }).default('info'),
  HCC_RECONCILE: z.enum(['0', '1'], { error: '1, or nothing' }).default('0'),
});

/** The orchestrator's configuration. Throws ConfigInvalid naming every bad variable, or the token file. */
export const orchestratorConfig = (env: Environment): OrchestratorConfig => {
  const given = parseConfig(environment, withStoreAddress(env));
  const tokenFile = given.HCC_OPERATOR_TOKEN_FILE;
  return {
    listenHost: given.HCC_LISTEN_HOST,
    listenPort: given.HCC_LISTEN_PORT,
    store: storeChoiceOf(given.HCC_STORE, given.HCC_STORE_CREDENTIALS_FILE, env),
    readModelDir: given.HCC_READMODEL_DIR,
    natsServers: given.HCC_NATS_URL.split(','),
    natsReplicas: Number(given.HCC_NATS_REPLICAS),
    redis: redisOf(given),
    metricsAt:
      given.HCC_METRICS_PORT === undefined ? null : { host: given.HCC_METRICS_HOST, port: given.HCC_METRICS_PORT },
    natsSecretsDir: given.HCC_NATS_SECRETS_DIR,
    operatorToken: operatorTokenFrom(readSecretFile(tokenFile, 'the operator token'), tokenFile),
    network: {
      name: given.HCC_NETWORK_NAME,
      kind: given.HCC_NETWORK_KIND,
      key: networkKeyFrom(given.HCC_NETWORK_KEY_FILE),
      simulatedRootSha256: simulatedRootOf(given),
    },
    rateLimits: {
      addressPerMinute: given.HCC_RATE_ADDRESS_PER_MINUTE,
      callerPerMinute: given.HCC_RATE_CALLER_PER_MINUTE,
    },
    logLevel: given.HCC_LOG_LEVEL,
    reconcile: given.HCC_RECONCILE === '1',
    logHeadsFile: given.HCC_LOG_HEADS_FILE,
    ...(given.HCC_IMAGE_CACHE_DIR === undefined ? {} : { imageCacheDir: given.HCC_IMAGE_CACHE_DIR }),
    vault: vaultOf(given),
    resultKey: resultKeyFrom(given.HCC_RESULT_PUBLIC_KEY_FILE),
    passports: { evidence: evidenceOf(given), vekCacheDir: given.HCC_VEK_CACHE_DIR ?? null },
  };
};

const redisOf = (given: z.infer<typeof environment>): OrchestratorConfig['redis'] => {
  const { HCC_REDIS_URL: url, HCC_REDIS_PASSWORD_FILE: file } = given;
  if (url === undefined) return null;
  return { url, password: file === undefined ? null : readSecretFile(file, 'the password of Redis') };
};

/** A directory and its key, or neither. */
const evidenceOf = (given: z.infer<typeof environment>): EvidencePlace | null => {
  const { HCC_EVIDENCE_DIR: dir, HCC_EVIDENCE_KEY_FILE: file } = given;
  if (dir === undefined && file === undefined) return null;
  const key = file === undefined ? '' : readSecretFile(file, 'the evidence key');
  if (dir !== undefined && /^[0-9a-f]{64}$/.test(key)) return { dir, key: Buffer.from(key, 'hex') };
  throw new ConfigInvalid(
    'HCC_EVIDENCE_DIR and HCC_EVIDENCE_KEY_FILE: wanted both, the file with 64 hex digits, or none',
  );
};

/** A file or a program, and exactly one of them. */
const vaultOf = (given: z.infer<typeof environment>): OrchestratorConfig['vault'] => {
  const { HCC_VAULT_DIR: dir, HCC_VAULT_KEY_FILE: file, HCC_VAULT_KEY_COMMAND: command } = given;
  if ((file === undefined) === (command === undefined)) {
    const observed = file === undefined ? 'none of the two is set' : 'both are set';
    throw new ConfigInvalid(`HCC_VAULT_KEY_FILE and HCC_VAULT_KEY_COMMAND: ${observed}, wanted exactly one`);
  }
  const old = given.HCC_VAULT_OLD_KEY_FILE;
  return {
    dir,
    kek: file === undefined ? commandOf(command ?? '') : { kind: 'file', path: file },
    older: old === undefined ? null : { kind: 'file', path: old },
  };
};

const commandOf = (json: string): KekSource => {
  try {
    return kekCommand(json);
  } catch (error) {
    throw new ConfigInvalid(`HCC_VAULT_KEY_COMMAND: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** Who is what is said twice, so that a slip in one of them stops the start. */
const simulatedRootOf = (given: z.infer<typeof environment>): string | null => {
  const { HCC_NETWORK_KIND: kind, HCC_SIMULATED_ROOT_SHA256: root } = given;
  if ((kind === 'simulated') === (root !== undefined)) return root ?? null;
  const wanted =
    kind === 'simulated' ? 'the SHA-256 of its root' : 'nothing: a production network trusts no simulated root';
  throw new ConfigInvalid(`HCC_SIMULATED_ROOT_SHA256 is ${root ?? 'not set'} on a ${kind} network, wanted ${wanted}`);
};
