export { InvalidStoreUrl, parseStoreAddress, type StoreAddress } from './connection-string.ts';
export { type KurrentStore, type KurrentStoreOptions, openKurrentStore } from './open-kurrent-store.ts';
