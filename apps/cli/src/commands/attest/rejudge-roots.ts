import { join, resolve } from 'node:path';
import { loadSimulatedProcessor } from '#adapters/processor';
import {
  amdRoots,
  type EvidenceHints,
  type HostContext,
  readVek,
  type SimulatedRoot,
  type TrustRoots,
  trustRootOf,
} from '#attestation';
import type { Network } from '#domain';
import { hourMs } from '#domain';
import type { Cli } from '../../cli.ts';
import { readSmallFile } from '../../context.ts';
import { readEvidence } from './files.ts';

/** What the processors of a network are believed by: its roots, and what these took back. */
export type Endorsing = {
  readonly rootsOf: (network: Network, hints: EvidenceHints | null) => TrustRoots;
  readonly revocationListsOf: (hints: EvidenceHints | null, atMs: number) => HostContext['revocationLists'];
};

export type EndorsingFlags = { readonly crl?: string; readonly simulatedRootFile?: string };

/**
 * AMD's root, or on a simulated network its own: that one comes with the evidence, and is believed only when its key is the
 * one that the network was founded with. Its revocation list is issued as the attestor does, when its secret is on this machine.
 */
export const endorsingOf = async (
  cli: Cli,
  homeDir: string,
  { crl, simulatedRootFile }: EndorsingFlags,
): Promise<Endorsing> => {
  const list = crl === undefined ? null : await readEvidence(cli, '--crl', crl);
  const issue = list === null ? await issuerOf(cli, homeDir, simulatedRootFile) : null;
  return {
    rootsOf: rootsFor,
    revocationListsOf: (hints, atMs) => {
      const product = productOf(hints?.offered.vek ?? null);
      const found = list ?? issue?.(atMs) ?? null;
      return found === null || product === null ? {} : { [product]: found };
    },
  };
};

const rootsFor = (network: Network, hints: EvidenceHints | null): TrustRoots => {
  if (network.kind === 'production') return amdRoots;
  const offered = hints?.offered;
  const product = productOf(offered?.vek ?? null);
  if (product === null) return [];
  return (offered?.chain ?? []).flatMap((certificate) => {
    const root = trustRootOf(certificate, { name: `SIMULATED root of ${network.name}`, product, simulated: true });
    return root.spkiSha256 === network.simulatedRootSha256 ? [root] : [];
  });
};

/** Lists by a simulated root whose secret is here; `null` without one, as on every production network. */
const issuerOf = async (cli: Cli, homeDir: string, file: string | undefined) => {
  const path = file === undefined ? join(homeDir, 'secrets', 'simulated-root.pem') : resolve(cli.cwd, file);
  const text = await readSmallFile(path);
  if (text === null) return null;
  const processor = await loadSimulatedProcessor();
  const root: SimulatedRoot = processor.readRoot(text);
  return (atMs: number): Uint8Array =>
    processor.issueRevocationList(root, {
      ...{ thisUpdateMs: atMs - hourMs, nextUpdateMs: atMs + hourMs, revokesAsk: false },
    });
};

const productOf = (vek: Uint8Array | null) => (vek === null ? null : readVek(vek).product);
