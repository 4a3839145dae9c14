export { buildDebianImage, type DebianImageOptions } from './build-debian-image.ts';
export type { BuildImageOptions } from './build-once.ts';
export { buildTinyImage } from './build-tiny-image.ts';
export { type CacheEntry, listCache, markUsed } from './cache/entries.ts';
export { type Holder, readHolders, sayNeeded } from './cache/holders.ts';
export { type Pruned, type PruneOptions, pruneCache } from './cache/prune-cache.ts';
export type { FetchImageOptions } from './fetch/any-source.ts';
export { type ExportedImage, type ExportImageOptions, exportImage } from './fetch/export-image.ts';
export { listExportable } from './fetch/exportable.ts';
export { fetchBootImage } from './fetch/fetch-boot-image.ts';
export { fetchImage } from './fetch/fetch-image.ts';
export { parseS3Key, type S3Store } from './fetch/s3.ts';
export {
  bootFileRoles,
  imageFileRoles,
  type ServedFile,
  servedBootFile,
  servedImageFile,
} from './fetch/served-file.ts';
export { imageSource, type SourceOptions } from './fetch/sources.ts';
export { bootsDir, type GuestBootImage, openGuestBootImage } from './guest-boot/boots.ts';
export { type BuildGuestBootOptions, buildGuestBootImage } from './guest-boot/build-guest-boot-image.ts';
export { type GuestBootManifest, guestBootDigest } from './guest-boot/guest-boot-manifest.ts';
export { type BuildHccamOptions, buildHccamImage, type HccamImage } from './hccam/build-hccam-image.ts';
export { type HccamPlace, hccamLaunchInputs, hccamMachine } from './hccam/hccam-machine.ts';
export { type HccamManifest, hccamCmdline, hccamDigest } from './hccam/hccam-manifest.ts';
export { ImageError, type ImageErrorCode, isImageError } from './image-error.ts';
export { type ImportImageOptions, importImage } from './import-image.ts';
export { canonicalManifest, type ImageFile, type ImageManifest, imageDigest, parseManifest } from './manifest.ts';
export { type Image, imagesDir, listImages, openImage, verifyImage } from './store.ts';
