export { type AmdVekSourceOptions, amdKeyServerUrl, createAmdVekSource } from './amd-vek-source.ts';
