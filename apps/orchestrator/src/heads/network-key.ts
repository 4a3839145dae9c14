import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
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

/** The attestors' Ed25519 public key from a file (SPKI PEM), which need not be secret. Throws ConfigInvalid. */
export const resultKeyFrom = (path: string): KeyObject => {
  let type: string | undefined;
  try {
    const key = createPublicKey(readFileSync(path, 'utf8'));
    type = key.asymmetricKeyType;
    if (type === 'ed25519') return key;
  } catch (error) {
    type = error instanceof Error ? `not to be read (${error.message})` : 'not to be read';
  }
  throw new ConfigInvalid(
    `the attestors' public key in ${path} is ${type ?? 'unknown'}, wanted ed25519 in PEM: hcc up writes it as result.pub; elsewhere, openssl pkey -in RESULT_KEY -pubout`,
  );
};
