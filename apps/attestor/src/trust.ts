import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSimulatedProcessor } from '#adapters/processor';
import {
  amdRoots,
  certificatesOf,
  readCertificate,
  type SimulatedProcessor,
  type SimulatedRoot,
  type TrustRoots,
  trustRootOf,
} from '#attestation';
import type { Network } from '#domain';
import { ConfigInvalid } from '#edge';
import type { SimulatedIssuer } from './chips/issue-chip.ts';
import { tpmRootBytesMax, tpmRootsMax } from './limits.ts';

export type Trusted = {
  readonly roots: TrustRoots;
  /** `null` on a production network, which loads no simulated root. */
  readonly issuer: SimulatedIssuer | null;
};

/**
 * Whose processors this network believes. A simulated network believes its own root and no other; a production network
 * believes AMD's, and refuses to start with a simulated one in hand. Throws ConfigInvalid.
 */
export const trustOf = async (network: Network, simulatedRoot: string | null): Promise<Trusted> => {
  if (network.kind === 'production') {
    if (simulatedRoot === null) return { roots: amdRoots, issuer: null };
    throw new ConfigInvalid(
      `network ${network.name} is a production network, and HCC_SIMULATED_ROOT_FILE is set; unset it`,
    );
  }
  if (simulatedRoot === null) {
    throw new ConfigInvalid(
      `network ${network.name} is simulated, and HCC_SIMULATED_ROOT_FILE is not set; name its root`,
    );
  }
  const processor = await loadSimulatedProcessor();
  const root = rootOf(processor, simulatedRoot);
  const anchor = trustRootOf(root.ark, {
    name: `SIMULATED root of ${network.name}`,
    product: root.product,
    simulated: true,
  });
  if (anchor.spkiSha256 !== network.simulatedRootSha256) {
    throw new ConfigInvalid(
      `the simulated root has key ${anchor.spkiSha256}, and network ${network.name} was founded with ${network.simulatedRootSha256}; use its own`,
    );
  }
  return { roots: [anchor], issuer: { processor, root } };
};

const rootOf = (processor: SimulatedProcessor, text: string): SimulatedRoot => {
  try {
    return processor.readRoot(text);
  } catch (error) {
    throw new ConfigInvalid(`the simulated root cannot be read (${reasonOf(error)}); give the network's own`);
  }
};

/** The TPM vendors' roots of a directory, DER or PEM; none without one. Throws ConfigInvalid for what cannot be read. */
export const tpmRootsOf = async (dir: string | null): Promise<readonly Uint8Array[]> => {
  if (dir === null) return [];
  const names = (await readable(dir, readdir(dir))).filter((name) => /\.(der|cer|crt|pem)$/.test(name)).sort();
  if (names.length > tpmRootsMax)
    throw new ConfigInvalid(`${dir} has ${names.length} certificates, wanted at most ${tpmRootsMax}`);
  const roots: Uint8Array[] = [];
  for (const name of names) {
    const path = join(dir, name);
    const { size } = await readable(path, stat(path));
    if (size > tpmRootBytesMax)
      throw new ConfigInvalid(`${path} has ${size} bytes, wanted a certificate of at most ${tpmRootBytesMax}`);
    roots.push(...certificatesIn(path, await readable(path, readFile(path))));
  }
  return roots;
};

const readable = async <Read>(path: string, reading: Promise<Read>): Promise<Read> => {
  try {
    return await reading;
  } catch (error) {
    throw new ConfigInvalid(`${path} of HCC_TPM_ROOTS_DIR cannot be read: ${reasonOf(error)}`);
  }
};

/** PEM may hold several, DER is one. What is none is named now, and not when a TPM comes that would need it. */
const certificatesIn = (path: string, bytes: Buffer): readonly Uint8Array[] => {
  const isPem = bytes.includes('-----BEGIN CERTIFICATE-----');
  try {
    const found = isPem ? certificatesOf(bytes) : [bytes];
    for (const one of found) readCertificate(one);
    return found;
  } catch (error) {
    throw new ConfigInvalid(`${path} holds no certificate that can be read: ${reasonOf(error)}`);
  }
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
