import { keySuites } from '#attestation';
import { SealingError } from './sealing-error.ts';

/** HPKE suites a guest may offer: KEM, KDF and AEAD by name. */
export const sealingSuites = [keySuites.hybrid.name, keySuites.classical.name] as const;

export type SealingSuite = (typeof sealingSuites)[number];

/** What a guest uses unless told otherwise: X25519 and ML-KEM-768, so that breaking one of them opens nothing. */
export const hybridSuite: SealingSuite = keySuites.hybrid.name;

/** Whether a recording of today is opened by whoever breaks X25519 tomorrow. Refuses with `suite-unknown` what is no suite. */
export const isClassicalSuite = (name: string): boolean => suiteOf(name) === keySuites.classical.name;

/** A suite by its name; throws SealingError `suite-unknown`. */
export const suiteOf = (name: string): SealingSuite => {
  const found = sealingSuites.find((suite) => suite === name);
  if (found !== undefined) return found;
  throw new SealingError(
    'suite-unknown',
    `the suite is ${name.slice(0, 64)}, wanted one of ${sealingSuites.join(', ')}`,
  );
};

/** Length of a suite's public key, as bytes. */
export const publicKeyBytes = (suite: SealingSuite): number =>
  suite === keySuites.hybrid.name ? keySuites.hybrid.publicKeyBytes : keySuites.classical.publicKeyBytes;
