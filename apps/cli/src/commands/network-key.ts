import { createPublicKey, type KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { Where } from '../context.ts';
import { readEvidence } from './attest/files.ts';

export const networkKeyOption = [
  '--network-key <file>',
  "the network's public key as you know it: network.pub, or 64 hex digits",
] as const;

/** As {@link networkKeyOption}, where a cluster is asked. */
export const knownNetworkOption = [
  networkKeyOption[0],
  `${networkKeyOption[1]} (default: that of the cluster of this home)`,
] as const;

/** What `--network-key` gives: an Ed25519 public key, in a file or as hex digits. Refuses with `key-malformed`. */
export const networkKeyOf = async (cli: Cli, given: string): Promise<KeyObject> => {
  const raw = /^[0-9a-f]{64}$/i.test(given) ? Buffer.from(given, 'hex').toString('base64url') : null;
  try {
    const key =
      raw === null
        ? createPublicKey(await readEvidence(cli, '--network-key', given))
        : createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw }, format: 'jwk' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    if (error instanceof Error && error.name === 'CliError') throw error;
  }
  throw usageError('key-malformed', `--network-key ${given.slice(0, 80)} is no public key of a network`, {
    wanted: 'an Ed25519 public key in PEM (network.pub), or its 64 hex digits',
  });
};

/** The key a network is known by here, and where it is from. */
export type KnownNetwork = { readonly key: Uint8Array; readonly from: string };

/**
 * What whoever answers at an address has to be known by: the key that was given, or, of the cluster whose files are on this
 * machine, the one in its home. Never what that address says of itself. Refuses with `network-key-missing`.
 */
export const knownNetwork = async (
  cli: Cli,
  { url, homeDir, local }: Where,
  given: string | undefined,
): Promise<KnownNetwork> => {
  const own = join(homeDir, 'network.pub');
  const from = given ?? (local && (await isThere(own)) ? own : undefined);
  if (from !== undefined) {
    return { key: (await networkKeyOf(cli, from)).export({ format: 'raw-public' }), from };
  }
  throw usageError('network-key-missing', `nothing says which key the network at ${url} has`, {
    observed: local ? `there is no ${own}` : 'no --network-key, and the cluster is not of this machine',
    wanted: '--network-key FILE: network.pub of that network, or its 64 hex digits',
    fix: 'ask its operator, by another way than this address: hcc up writes network.pub into its home, npm run infra:secrets into infra/secrets',
  });
};

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
