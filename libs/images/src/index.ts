export { buildDebianImage, type DebianImageOptions } from './build-debian-image.ts';
export type { BuildImageOptions } from './build-once.ts';
export { buildTinyImage } from './build-tiny-image.ts';
export { type BuildHccamOptions, buildHccamImage, type HccamImage } from './hccam/build-hccam-image.ts';
export { type HccamManifest, hccamCmdline, hccamDigest } from './hccam/hccam-manifest.ts';
export { ImageError, type ImageErrorCode, isImageError } from './image-error.ts';
export { type ImportImageOptions, importImage } from './import-image.ts';
export { canonicalManifest, type ImageFile, type ImageManifest, imageDigest, parseManifest } from './manifest.ts';
export { type Image, imagesDir, listImages, openImage, verifyImage } from './store.ts';
