import { ConfigInvalid, type Environment, readSecretFile } from './config.ts';

/** Where the record is kept. The address of a KurrentDB holds its credentials: it is never shown. */
export type StoreChoice =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'kurrent'; readonly url: string };

export const storeWanted =
  'sqlite:<path>, or kurrentdb://host:port[,host:port][?option=value] or kurrentdb+discover://…, credentials in HCC_STORE_CREDENTIALS_FILE';

/** What `HCC_STORE` may be. A user and a password in it would be seen in the environment. */
export const storeForm = /^(sqlite:[^\s].*|(kurrentdb|kurrent|kdb)(\+discover)?:\/\/[^\s@]+)$/;

/** The environment with a path alone (`HCC_STORE_FILE`) said as an address. Throws ConfigInvalid when both are given. */
export const withStoreAddress = (env: Environment): Environment => {
  const { HCC_STORE: address = '', HCC_STORE_FILE: file = '' } = env;
  if (file === '') return env;
  if (address !== '') {
    throw new ConfigInvalid('bad configuration: HCC_STORE and HCC_STORE_FILE are both set, wanted one of them');
  }
  return { ...env, HCC_STORE: `sqlite:${file}` };
};

/** The store an address names, with the credentials from their file. Throws ConfigInvalid. */
export const storeChoiceOf = (address: string, credentialsFile: string | undefined, env: Environment): StoreChoice => {
  if (address.startsWith('sqlite:')) {
    if (credentialsFile === undefined) return { kind: 'sqlite', file: address.slice('sqlite:'.length) };
    throw new ConfigInvalid('HCC_STORE_CREDENTIALS_FILE is set, wanted nothing: a file of SQLite has no users');
  }
  if (credentialsFile === undefined) return { kind: 'kurrent', url: address };
  const credentials = readSecretFile(credentialsFile, 'the credentials of the store');
  const colon = credentials.indexOf(':');
  if (colon < 1 || colon === credentials.length - 1) {
    throw new ConfigInvalid(
      `the credentials of the store in ${credentialsFile} have another form, wanted user:password`,
    );
  }
  // With it the client writes its whole connection string to the log.
  if (/(^|[\s,])(\*|kdb)/.test(env.DEBUG ?? '')) {
    throw new ConfigInvalid(
      `DEBUG is ${JSON.stringify(env.DEBUG)}, wanted nothing that covers "kdb": the store's client would print its password`,
    );
  }
  const [user, password] = [credentials.slice(0, colon), credentials.slice(colon + 1)].map(encodeURIComponent);
  return { kind: 'kurrent', url: address.replace('://', `://${user}:${password}@`) };
};
