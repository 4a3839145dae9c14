export { type GuestKey, generateGuestKey, guestKeySha256 } from './guest-key.ts';
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
export { wipe } from './wipe.ts';
