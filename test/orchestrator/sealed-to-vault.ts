import { randomBytes } from 'node:crypto';
import { openVaultAnnouncement, type SealedImageKey, sealImageKey, type VaultAnnouncement } from '#sealing';
import type { Booted } from './booted.ts';

type Owner = { readonly accountId: string; readonly owner: string };

/** The vault's key, as an owner who knows the network takes it. */
export const announcedTo = async (
  { must, networkKey }: Pick<Booted, 'must' | 'networkKey'>,
  token: string,
): Promise<VaultAnnouncement> => {
  const nonce = randomBytes(32);
  const { network } = (await must('GET', '/v1/whoami', { token })).body;
  const { announcement } = (await must('GET', `/v1/vault/sealing-key?nonce=${nonce.toString('hex')}`, { token })).body;
  return openVaultAnnouncement(announcement, networkKey, { networkId: network.id, nonce });
};

/** The key of an image as its owner hands it over. */
export const sealedToVault = async (
  api: Pick<Booted, 'must' | 'networkKey'>,
  { accountId, owner }: Owner,
  imageDigest: string,
  key: Uint8Array,
): Promise<SealedImageKey> => sealImageKey(key, await announcedTo(api, owner), { imageDigest, accountId });
