import { encodeAccount, encodeOperator } from '@nats-io/jwt';
import { createAccount, createOperator, type KeyPair } from '@nats-io/nkeys';
import { accountNames, hccClaims, minersClaims, unlimited } from './accounts.ts';
import { nativeKey } from './native-key.ts';

/** The seeds an operator is made of: whoever has them can make credentials for anybody. */
export const operatorKeyNames = ['operator', 'system', 'hcc', 'hcc-signing', 'miners', 'miners-signing'] as const;
export type OperatorKeyName = (typeof operatorKeyNames)[number];
export type OperatorSeeds = Readonly<Record<OperatorKeyName, string>>;

export type NatsAccount = { readonly publicKey: string; readonly jwt: string };

/** Who signs for our NATS. Safe to log: the keys are not in it. */
export type NatsOperator = {
  readonly jwt: string;
  readonly system: NatsAccount;
  /** The orchestrator's account. */
  readonly hcc: NatsAccount;
  readonly miners: NatsAccount;
};

type OperatorKeys = Readonly<Record<OperatorKeyName, KeyPair>>;

const keysOfOperator = new WeakMap<NatsOperator, OperatorKeys>();

/** A new operator with its accounts and their signing keys. */
export const createNatsOperator = (): Promise<NatsOperator> =>
  natsOperatorFromSeeds({
    operator: seedOf(createOperator()),
    system: seedOf(createAccount()),
    hcc: seedOf(createAccount()),
    'hcc-signing': seedOf(createAccount()),
    miners: seedOf(createAccount()),
    'miners-signing': seedOf(createAccount()),
  });

/** The operator of these seeds. Its JWTs are made anew, so what this version of HCC lets accounts do is in force. Throws on a seed that is none. */
export const natsOperatorFromSeeds = (seeds: OperatorSeeds): Promise<NatsOperator> => {
  const key = (name: OperatorKeyName): KeyPair => nativeKey(seeds[name]);
  return fromKeys({
    operator: key('operator'),
    system: key('system'),
    hcc: key('hcc'),
    'hcc-signing': key('hcc-signing'),
    miners: key('miners'),
    'miners-signing': key('miners-signing'),
  });
};

/** The key that signs users of an account. */
export const signingKeyOf = (operator: NatsOperator, account: 'hcc' | 'miners'): KeyPair =>
  keysOf(operator)[`${account}-signing`];

/** The seeds, to be written to files of mode 0600 and nowhere else. */
export const seedsOf = (operator: NatsOperator): OperatorSeeds => {
  const keys = keysOf(operator);
  const seed = (name: OperatorKeyName): string => seedOf(keys[name]);
  return {
    operator: seed('operator'),
    system: seed('system'),
    hcc: seed('hcc'),
    'hcc-signing': seed('hcc-signing'),
    miners: seed('miners'),
    'miners-signing': seed('miners-signing'),
  };
};

const seedOf = (pair: KeyPair): string => new TextDecoder().decode(pair.getSeed());

const keysOf = (operator: NatsOperator): OperatorKeys => {
  const keys = keysOfOperator.get(operator);
  if (keys === undefined) throw new Error('BUG: this operator was not made by createNatsOperator or from seeds');
  return keys;
};

const fromKeys = async (keys: OperatorKeys): Promise<NatsOperator> => {
  const signer = keys.operator;
  const { system, hcc, miners } = keys;
  const account = async (name: string, pair: KeyPair, claims: object): Promise<NatsAccount> => ({
    publicKey: pair.getPublicKey(),
    jwt: await encodeAccount(name, pair, claims, { signer }),
  });
  const operator: NatsOperator = {
    jwt: await encodeOperator('hcc', signer, { system_account: system.getPublicKey() }),
    system: await account(accountNames.system, system, { limits: unlimited }),
    hcc: await account(accountNames.hcc, hcc, {
      ...hccClaims(miners.getPublicKey()),
      signing_keys: [keys['hcc-signing'].getPublicKey()],
    }),
    miners: await account(accountNames.miners, miners, {
      ...minersClaims(hcc.getPublicKey()),
      signing_keys: [keys['miners-signing'].getPublicKey()],
    }),
  };
  keysOfOperator.set(operator, keys);
  return operator;
};
