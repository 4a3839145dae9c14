export { type BuildImageOptions, buildTinyImage } from './build-tiny-image.ts';
export { ImageError, type ImageErrorCode, isImageError } from './image-error.ts';
export { canonicalManifest, type ImageFile, type ImageManifest, imageDigest, parseManifest } from './manifest.ts';
export { type Image, imagesDir, listImages, openImage, verifyImage } from './store.ts';
