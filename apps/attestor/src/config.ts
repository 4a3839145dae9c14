import { createPrivateKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
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
import { simulatedRootBytesMax } from './limits.ts';

/** How one attestor is set up. */
export type AttestorConfig = {
  /** A name of this attestor, for the record and for relying parties. */
  readonly attestorId: string;
  readonly store: StoreChoice;
  readonly natsServers: readonly string[];
  readonly natsSecretsDir: string;
  /** 32 bytes, shared by the attestors of a network: it seals challenges and enrolments. */
  readonly verifierKey: Uint8Array;
  /** Ed25519: signs Attestation Results. */
  readonly resultKey: KeyObject;
  readonly evidenceDir: string;
  /** 32 bytes: evidence is kept under it. */
  readonly evidenceKey: Uint8Array;
  /** The simulated root with its keys; `null` on a production network. */
  readonly simulatedRoot: string | null;
  /** DER or PEM files of the TPM vendors' roots; `null` trusts none. */
  readonly tpmRootsDir: string | null;
  /** Where certificates of chips are kept that were fetched. */
  readonly vekCacheDir: string;
  /** Copies of what is folded in memory, of this attestor alone: several may share a disk. */
  readonly foldsDir: string;
  readonly metricsAt: { readonly host: string; readonly port: number } | null;
  readonly logLevel: LogLevel;
};

const natsWanted = 'nats://host:port, without credentials; of a cluster all servers, with commas between';
const secretFile = (what: string) => text(`the path of a file (mode 600) with ${what}`);

const environment = z.object({
  HCC_ATTESTOR_ID: text('a name of this attestor')
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, '1 to 63 of a-z, 0-9 and -')
    .default('attestor-1'),
  HCC_STORE: z.string({ error: storeWanted }).regex(storeForm, storeWanted),
  HCC_STORE_CREDENTIALS_FILE: text('the path of a file (mode 600) with user:password of the store').optional(),
  HCC_NATS_URL: z
    .string({ error: natsWanted })
    .regex(/^(nats|tls):\/\/[^\s@/,]+:[0-9]{1,5}(,(nats|tls):\/\/[^\s@/,]+:[0-9]{1,5}){0,8}$/, natsWanted),
  HCC_NATS_SECRETS_DIR: text('the directory of the NATS operator keys'),
  HCC_VERIFIER_KEY_FILE: secretFile('64 hex digits that the attestors of a network share'),
  HCC_RESULT_KEY_FILE: secretFile('an Ed25519 private key in PEM'),
  HCC_EVIDENCE_DIR: text('a directory for evidence'),
  HCC_EVIDENCE_KEY_FILE: secretFile('64 hex digits'),
  HCC_SIMULATED_ROOT_FILE: secretFile('the simulated root of the network').optional(),
  HCC_TPM_ROOTS_DIR: text("a directory with the TPM vendors' root certificates").optional(),
  HCC_VEK_CACHE_DIR: text('a directory for certificates of chips'),
  HCC_FOLDS_DIR: text('a directory for copies of what is folded in memory; they may be removed at any time'),
  HCC_METRICS_HOST: text('an address to give figures on').default('127.0.0.1'),
  HCC_METRICS_PORT: wholeNumber('a TCP port, 0 to 65535', 0, 65_535).optional(),
  HCC_LOG_LEVEL: z.enum(logLevels, { error: `one of ${logLevels.join(', ')}` }).default('info'),
});

/** The attestor's configuration. Throws ConfigInvalid naming every bad variable or file, and never what is in one. */
export const attestorConfig = (env: Environment): AttestorConfig => {
  const given = parseConfig(environment, withStoreAddress(env));
  const root = given.HCC_SIMULATED_ROOT_FILE;
  return {
    attestorId: given.HCC_ATTESTOR_ID,
    store: storeChoiceOf(given.HCC_STORE, given.HCC_STORE_CREDENTIALS_FILE, env),
    natsServers: given.HCC_NATS_URL.split(','),
    natsSecretsDir: given.HCC_NATS_SECRETS_DIR,
    verifierKey: key32(given.HCC_VERIFIER_KEY_FILE, 'the verifier key'),
    resultKey: ed25519(given.HCC_RESULT_KEY_FILE),
    evidenceDir: given.HCC_EVIDENCE_DIR,
    evidenceKey: key32(given.HCC_EVIDENCE_KEY_FILE, 'the evidence key'),
    simulatedRoot: root === undefined ? null : readSecretFile(root, 'the simulated root', simulatedRootBytesMax),
    tpmRootsDir: given.HCC_TPM_ROOTS_DIR ?? null,
    vekCacheDir: given.HCC_VEK_CACHE_DIR,
    foldsDir: join(given.HCC_FOLDS_DIR, given.HCC_ATTESTOR_ID),
    metricsAt:
      given.HCC_METRICS_PORT === undefined ? null : { host: given.HCC_METRICS_HOST, port: given.HCC_METRICS_PORT },
    logLevel: given.HCC_LOG_LEVEL,
  };
};

const key32 = (file: string, what: string): Uint8Array => {
  const hex = readSecretFile(file, what);
  if (/^[0-9a-f]{64}$/.test(hex)) return Buffer.from(hex, 'hex');
  throw new ConfigInvalid(`${what} in ${file} has another form, wanted 64 hex digits (make one: openssl rand -hex 32)`);
};

const ed25519 = (file: string): KeyObject => {
  const pem = readSecretFile(file, 'the result key');
  let type: string | undefined;
  try {
    const key = createPrivateKey(pem);
    type = key.asymmetricKeyType;
    if (type === 'ed25519') return key;
  } catch {
    type = 'no private key in PEM';
  }
  throw new ConfigInvalid(
    `the result key in ${file} is ${type ?? 'unknown'}, wanted ed25519 (openssl genpkey -algorithm ed25519)`,
  );
};
