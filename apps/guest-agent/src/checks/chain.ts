import { amdRoots, type TrustRoots, trustRootOf, verifySnp } from '#attestation';
import type { KernelLine } from '../kernel-line.ts';
import type { Certificates } from '../report/report-provider.ts';
import { Stop } from '../stop.ts';
import { sayRefusals } from './words.ts';

/** Verifies the chain under this machine's own report, where certificates came with it: to AMD's keys on a production
 *  network, to the simulated root that came with it on a simulated one, which proves only that it is whole. Without
 *  certificates nothing is looked at here, and the verifier fetches its own. Stops with `report-chain`. */
export const checkChain = (
  report: Uint8Array,
  certificates: Certificates,
  { kind, atMs }: Pick<KernelLine, 'kind'> & { readonly atMs: number },
): void => {
  // A kernel's table is read by the verifier, who also has what the table leaves out.
  if (certificates === null || 'table' in certificates) return;
  const [vek, ask, ark] = [certificates.vek, certificates.ask, certificates.ark].map((text) =>
    Buffer.from(text, 'base64'),
  );
  if (vek === undefined || ask === undefined || ark === undefined) return;
  const verified = verifySnp({ report, vek, chain: [ask, ark], crl: null }, { roots: rootsOf(kind, ark), atMs });
  if (verified.ok) return;
  throw new Stop('report-chain', `this machine's own report does not hold: ${sayRefusals(verified.refusals)}`);
};

const rootsOf = (kind: KernelLine['kind'], ark: Uint8Array): TrustRoots => {
  if (kind === 'production') return amdRoots;
  const about = { name: 'simulated root of this network', simulated: true } as const;
  try {
    return (['milan', 'genoa'] as const).map((product) => trustRootOf(ark, { ...about, product }));
  } catch (error) {
    throw new Stop('report-chain', `the simulated root is no certificate: ${String(error)}`);
  }
};
