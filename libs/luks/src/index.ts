export type { SectorIntegrity } from './header/metadata.ts';
export {
  type HeaderRefusal,
  type HeaderTerms,
  type HeaderVerdict,
  headerReadBytes,
  type Luks2Header,
  parseLuks2Header,
} from './header/parse-header.ts';
export type { Argon2id, RandomBytes } from './keyslot.ts';
export { type Argon2idBounds, defaultArgon2idBounds, imageArgon2idBounds } from './limits.ts';
export { type HeaderRefusalCode, isLuksError, LuksError, type LuksErrorCode } from './luks-error.ts';
export { inspectLuks2File, type OpenLuks2Options, type OpenLuks2Volume, openLuks2Volume } from './open-volume.ts';
export { type WriteLuks2Options, writeLuks2Volume } from './write-volume.ts';
