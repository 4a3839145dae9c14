/** Where a store is: what the client is given, and what a person may be shown. */
export type StoreAddress = {
  /** For the client only: it may hold credentials. */
  readonly connectionString: string;
  /** Without credentials and options. */
  readonly shown: string;
  /** Given with each read: the native half of the client sends a password as it is written, `%40` and all. */
  readonly asUser: { readonly credentials?: { readonly username: string; readonly password: string } };
  /** In front of every stream name of this store, so that one database can hold several; mostly nothing. */
  readonly prefix: string;
  /** A text of the client's without our password in it. */
  redact(text: string): string;
};

/** A connection string that cannot be used. Says which part, never the credentials. */
export class InvalidStoreUrl extends Error {
  override readonly name = 'InvalidStoreUrl';
}

const URL_FORM = /^(kurrentdb|kurrent|kdb)(\+discover)?:\/\/(?:([^/?#]*)@)?([^/?#@]+)\/?(?:\?([^#]*))?$/;
const HOST = /^[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?$/;
const wantedForm = 'kurrentdb://[user:password@]host:2113[,host:2113][?option=value&…] or kurrentdb+discover://…';

const isTrueOrFalse = (value: string): boolean => value === 'true' || value === 'false';
const isCount = (value: string): boolean => /^[0-9]{1,9}$/.test(value);
const isText = (value: string): boolean => value !== '';

/** What may be given: whether a value will do, and what is wanted. */
const options: Readonly<Record<string, { readonly accepts: (value: string) => boolean; readonly wanted: string }>> = {
  tls: { accepts: isTrueOrFalse, wanted: 'true or false' },
  tlsVerifyCert: { accepts: isTrueOrFalse, wanted: 'true or false' },
  tlsCAFile: { accepts: isText, wanted: 'the path of a certificate' },
  userCertFile: { accepts: isText, wanted: 'the path of a certificate' },
  userKeyFile: { accepts: isText, wanted: 'the path of a key' },
  connectionName: { accepts: isText, wanted: 'a name' },
  maxDiscoverAttempts: { accepts: isCount, wanted: 'a count' },
  discoveryInterval: { accepts: isCount, wanted: 'milliseconds' },
  gossipTimeout: { accepts: isCount, wanted: 'seconds' },
  defaultDeadline: { accepts: isCount, wanted: 'milliseconds' },
  keepAliveInterval: { accepts: (value) => isCount(value) && Number(value) >= 10_000, wanted: 'at least 10000 ms' },
  keepAliveTimeout: { accepts: isCount, wanted: 'milliseconds' },
  // Reads must see what was just appended, and a wrong answer to an append must be an error.
  nodePreference: { accepts: (value) => value.toLowerCase() === 'leader', wanted: 'leader, or nothing' },
  throwOnAppendFailure: { accepts: (value) => value === 'true', wanted: 'true, or nothing' },
  store: { accepts: (value) => /^[a-z0-9]{1,40}$/.test(value), wanted: '1 to 40 lower-case letters and digits' },
};

/**
 * Reads `kurrentdb://…`, strictly: the client ignores what it does not know and prints the whole string, password and
 * all, when it does. Our own option `store` names one of several stores in a database. Throws {@link InvalidStoreUrl}.
 */
export const parseStoreAddress = (text: string): StoreAddress => {
  const [, scheme, discover = '', userInfo, hosts, query = ''] = URL_FORM.exec(text.trim()) ?? [];
  if (hosts === undefined) throw new InvalidStoreUrl(`the store's address has another form; wanted ${wantedForm}`);
  const wrongHost = hosts.split(',').find((host) => !HOST.test(host));
  if (wrongHost !== undefined) {
    throw new InvalidStoreUrl(
      `the store's host ${JSON.stringify(wrongHost.slice(0, 80))} is none; wanted ${wantedForm}`,
    );
  }
  const shown = `${scheme}${discover}://${hosts}`;
  const given = query.split('&').filter((pair) => pair !== '');
  for (const pair of given) checkOption(shown, pair);
  const optionOf = (name: string) => given.find((pair) => nameOf(pair) === name)?.split('=')[1];
  if (userInfo !== undefined && optionOf('tls') === 'false') {
    throw new InvalidStoreUrl(
      `${shown} has credentials and tls=false: the client would drop them without a word; use TLS, or give none`,
    );
  }
  const passed = given.filter((pair) => nameOf(pair) !== 'store').join('&');
  const store = optionOf('store');
  const asUser = userInfo === undefined ? {} : { credentials: credentialsOf(shown, userInfo) };
  const secrets =
    'credentials' in asUser ? [...(userInfo?.split(':').slice(1) ?? []), asUser.credentials.password] : [];
  return {
    connectionString: `${scheme}${discover}://${userInfo === undefined ? '' : `${userInfo}@`}${hosts}${passed === '' ? '' : `?${passed}`}`,
    shown,
    asUser,
    prefix: store === undefined ? '' : `${store}.`,
    redact: (said) => secrets.reduce((left, secret) => left.replaceAll(secret, '***'), said),
  };
};

const credentialsOf = (shown: string, userInfo: string): { readonly username: string; readonly password: string } => {
  const [, username, password] = /^([^:@]+):([^:@]+)$/.exec(userInfo) ?? [];
  try {
    if (username !== undefined && password !== undefined) {
      return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
    }
  } catch {
    // A "%" that begins no encoded character: refused with the rest.
  }
  throw new InvalidStoreUrl(
    `the credentials for ${shown} are no user:password; encode ":", "@", "/" and "%" in them (%3A, %40, %2F, %25)`,
  );
};

const nameOf = (pair: string): string => (pair.split('=')[0] ?? '').toLowerCase().replace(/[_-]/g, '');

const checkOption = (shown: string, pair: string): void => {
  const [name = '', value = ''] = pair.split('=');
  const known = Object.keys(options);
  const option = options[known.find((one) => one.toLowerCase() === nameOf(pair)) ?? ''];
  if (option === undefined) {
    throw new InvalidStoreUrl(
      `${shown} has the option ${JSON.stringify(name.slice(0, 40))}; wanted one of ${known.join(', ')}`,
    );
  }
  if (!option.accepts(value)) {
    throw new InvalidStoreUrl(
      `${shown} has the option ${name}=${JSON.stringify(value.slice(0, 80))}; wanted ${option.wanted}`,
    );
  }
};
