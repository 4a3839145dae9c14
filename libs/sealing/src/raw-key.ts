import { createPublicKey, type KeyObject } from 'node:crypto';

/**
 * A public key from its raw bytes. Throws what node:crypto throws, without a stack: Node tells a key from its description by
 * an exception it throws and catches, twice each time, and collecting their stacks takes longer than the key.
 */
export const rawPublicKey = (key: Uint8Array, asymmetricKeyType: 'ed25519' | 'x25519' | 'ml-kem-768'): KeyObject => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return createPublicKey({ key: Buffer.from(key), format: 'raw-public', asymmetricKeyType });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};
