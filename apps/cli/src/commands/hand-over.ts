import type { VaultAnnouncement } from '#sealing';
import type { Cli } from '../cli.ts';
import { badAnswer, usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { ImageView } from '../client/image-view.ts';
import type { Context } from '../context.ts';
import { accountFor } from './accounts.ts';
import { type KnownNetwork, knownNetwork } from './network-key.ts';

/** Who is given keys of images, and of whose. */
export type Recipient = { readonly api: Api; readonly network: KnownNetwork; readonly accountId: string };

/**
 * Where a key will go, settled before anything is made or sent. Refuses an address that anybody could listen to, a network
 * that nothing here knows the key of, and a token that belongs to no account where none is named.
 */
export const recipientAt = async (
  cli: Cli,
  { api, ...where }: Context,
  { account, networkKey }: { readonly account?: string | undefined; readonly networkKey?: string | undefined },
): Promise<Recipient> => {
  demandTls(where);
  return { api, network: await knownNetwork(cli, where, networkKey), accountId: await accountFor(api, account) };
};

/**
 * Hands the key of a private image over, and says what the image is then. It is sealed to the vault that the network itself
 * announces: whoever else answers, or passes it on, has nothing of it. The caller zeroes the key.
 */
export const handOver = async (
  cli: Cli,
  { api, network, accountId, imageDigest }: Recipient & { readonly imageDigest: string },
  key: Buffer,
): Promise<ImageView> => {
  const { sealImageKey } = await import('#sealing');
  const sealed = await sealImageKey(key, await vaultOf(cli, api, network), { imageDigest, accountId });
  const { position } = await api.giveImageKey(imageDigest, sealed);
  return api.image(imageDigest, position ?? undefined);
};

/** Whoever has the token that goes along can start a VM of the image with a key of their own, and read it there. */
const demandTls = ({ url }: Pick<Context, 'url'>): void => {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return;
  throw usageError('token-in-the-clear', 'everybody on the way could take your token, and with it a VM of the image', {
    observed: url,
    wanted: 'an https address, or one of this machine',
    fix: 'hcc --url https://... (or ssh -L to the machine itself)',
  });
};

/** The vault's key, by the word of the network as it is known here. A nonce of ours keeps out what was announced before. */
const vaultOf = async (cli: Cli, api: Api, { key, from }: KnownNetwork): Promise<VaultAnnouncement> => {
  const { openVaultAnnouncement, SealingError } = await import('#sealing');
  const nonce = cli.makes.bytes(nonceBytes);
  const { network } = await api.whoami();
  const { announcement } = await api.vaultSealingKey(Buffer.from(nonce).toString('hex'));
  try {
    return openVaultAnnouncement(announcement, key, { networkId: network.id, nonce });
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    throw badAnswer(
      error.code,
      'the key was handed to nobody: what answered is not the vault of the network you know',
      {
        observed: error.message,
        wanted: `what the network of ${from} has signed`,
        fix:
          error.code === 'suite-unknown'
            ? "take an hcc of the network's version"
            : `see that ${from} is of this network and --url its address; if both are, somebody between you answers for it: tell its operator`,
        cause: error,
      },
    );
  }
};

const nonceBytes = 32;
