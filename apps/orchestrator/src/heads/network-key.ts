import { createPrivateKey, type KeyObject } from 'node:crypto';
import { ConfigInvalid, readSecretFile } from '#edge';

/** The network's Ed25519 private key from a file (PKCS #8 PEM, mode 600). Throws ConfigInvalid, never with the key in it. */
export const networkKeyFrom = (path: string): KeyObject => {
  const text = readSecretFile(path, 'the network key');
  let type: string | undefined;
  try {
    const key = createPrivateKey(text);
    type = key.asymmetricKeyType;
    if (type === 'ed25519') return key;
  } catch {
    type = 'no private key in PEM';
  }
  throw new ConfigInvalid(
    `the network key in ${path} is ${type ?? 'unknown'}, wanted ed25519 (make one: openssl genpkey -algorithm ed25519)`,
  );
};
