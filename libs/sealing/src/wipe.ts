/** Overwrites secrets with zeros, as far as JavaScript lets anyone: copies the engine made stay until they are reused. */
export const wipe = (...secrets: readonly Uint8Array[]): void => {
  for (const secret of secrets) secret.fill(0);
};
