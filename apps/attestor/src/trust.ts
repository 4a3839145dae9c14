import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSimulatedProcessor } from '#adapters/processor';
import { amdRoots, type TrustRoots, trustRootOf } from '#attestation';
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
  const root = processor.readRoot(simulatedRoot);
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

/** The TPM vendors' roots of a directory, DER or PEM; none without one. Throws ConfigInvalid for what cannot be read. */
export const tpmRootsOf = async (dir: string | null): Promise<readonly Uint8Array[]> => {
  if (dir === null) return [];
  const names = (await readdir(dir)).filter((name) => /\.(der|cer|crt|pem)$/.test(name)).sort();
  if (names.length > tpmRootsMax)
    throw new ConfigInvalid(`${dir} has ${names.length} certificates, wanted at most ${tpmRootsMax}`);
  const roots: Uint8Array[] = [];
  for (const name of names) {
    const path = join(dir, name);
    const { size } = await stat(path);
    if (size > tpmRootBytesMax)
      throw new ConfigInvalid(`${path} has ${size} bytes, wanted a certificate of at most ${tpmRootBytesMax}`);
    roots.push(...certificatesOf(await readFile(path)));
  }
  return roots;
};

const certificatesOf = (bytes: Buffer): readonly Uint8Array[] => {
  const text = bytes.toString('latin1');
  if (!text.includes('-----BEGIN CERTIFICATE-----')) return [bytes];
  return [...text.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map(([, body = '']) =>
    Buffer.from(body, 'base64'),
  );
};
