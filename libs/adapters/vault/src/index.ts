export { type KekSource, kekCommand, readKek } from './kek-source.ts';
export { openVaultDirectory, type VaultDirectory, type VaultDirectoryOptions } from './vault-directory.ts';
