import { hash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { loadSimulatedProcessor } from '#adapters/processor';
import {
  amdRoots,
  type EvidenceHints,
  type HostContext,
  Malformed,
  readRevocationList,
  readVek,
  type SimulatedRoot,
  type TrustRoots,
  trustRootOf,
} from '#attestation';
import type { Network } from '#domain';
import { hourMs } from '#domain';
import { isoTime, type JudgedWith } from '#events';
import type { Cli } from '../../cli.ts';
import { readSmallFile } from '../../context.ts';
import { readEvidence } from './files.ts';

/** What the processors of a network are believed by: its roots, and what came of them beside the evidence. */
export type Endorsing = {
  readonly rootsOf: (network: Network, hints: EvidenceHints | null) => TrustRoots;
  readonly groundsOf: (verdict: GroundsAsked) => GroundsAgain;
};

export type GroundsAsked = {
  readonly hints: EvidenceHints | null;
  readonly atMs: number;
  /** What was kept with the evidence; `null` where it was kept before that was. */
  readonly kept: JudgedWith | null;
};

export type GroundsAgain = Pick<HostContext, 'endorsements' | 'revocationLists'> & { readonly list: ListUsed };

/** The revocation list that a verdict is judged again with. */
export type ListUsed = {
  /**
   * `kept`: that of then, or none as then. `given`: by `--crl`. That of then was not kept: `issued` anew by a simulated root,
   * or `none`.
   */
  readonly from: 'kept' | 'given' | 'issued' | 'none';
  readonly sha256: string | null;
  /** From when on it held, as it says. */
  readonly since: string | null;
  readonly until: string | null;
};

export type EndorsingFlags = { readonly crl?: string; readonly simulatedRootFile?: string };

/**
 * AMD's root, or on a simulated network its own: that one comes with the evidence, and is believed only when its key is the
 * one that the network was founded with. Its revocation list is the one that is given, else the one of then; of evidence
 * without one it is issued as the attestor does, when the root's secret is on this machine.
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
    groundsOf: ({ hints, atMs, kept }) => {
      const endorsements = kept?.certificates ?? null;
      if (list === null && kept !== null) {
        const [one = null] = Object.values(kept.revocationLists);
        return { endorsements, revocationLists: kept.revocationLists, list: used('kept', one) };
      }
      const product = productOf(endorsements?.vek ?? hints?.offered.vek ?? null);
      const found = list ?? issue?.(atMs) ?? null;
      return {
        endorsements,
        revocationLists: found === null || product === null ? {} : { [product]: found },
        list: used(list !== null ? 'given' : found !== null ? 'issued' : 'none', found),
      };
    },
  };
};

const used = (from: ListUsed['from'], list: Uint8Array | null): ListUsed => {
  if (list === null) return { from, sha256: null, since: null, until: null };
  const sha256 = hash('sha256', list, 'hex');
  try {
    const { thisUpdateMs, nextUpdateMs } = readRevocationList(list);
    return { from, sha256, since: isoTime(thisUpdateMs), until: nextUpdateMs === null ? null : isoTime(nextUpdateMs) };
  } catch (error) {
    // Judging says what is wrong with it.
    if (!(error instanceof Malformed)) throw error;
    return { from, sha256, since: null, until: null };
  }
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
