export { type FoldFilesOptions, openFoldFiles } from './fold-files.ts';
export { programDigest } from './program-digest.ts';
