export { type GuestKey, generateGuestKey, guestKeySha256 } from './guest-key.ts';
export { type ImageKeyTerms, openImageKey, type SealedImageKey, sealedImageKey, sealImageKey } from './image-key.ts';
export { volumeKeyBytes } from './limits.ts';
export type { ExpectedMessage, MessageOf, MessagePurpose, NetworkMessage } from './messages.ts';
export { openNetworkMessage, signNetworkMessage } from './network-message.ts';
export { rehearseOpening } from './rehearse-opening.ts';
export {
  type OpenReleaseOptions,
  openRelease,
  type Release,
  type ReleaseBoot,
  type ReleaseTerms,
  type SealReleaseOptions,
  sealRelease,
} from './release.ts';
export { SealingError, type SealingErrorCode } from './sealing-error.ts';
export type { ReleaseSecrets } from './secrets.ts';
export { hybridSuite, isClassicalSuite, type SealingSuite, sealingSuites } from './suites.ts';
export { openVaultAnnouncement, signVaultAnnouncement, type VaultAnnouncement } from './vault-announcement.ts';
export { type VaultSealingKey, vaultSealingKey } from './vault-key.ts';
export { wipe } from './wipe.ts';
