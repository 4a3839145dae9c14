import { isImageError } from './image-error.ts';

/** Whether a build failed because apt reached no network, by its own words: a bundler that finds no module says "could not
 *  resolve" too, and that is a fault of ours. */
export const isOffline = (error: unknown): error is Error =>
  isImageError(error, 'image-build-failed') &&
  /temporary failure resolving|(could not|unable to) connect to|cannot initiate the connection|network is unreachable/i.test(
    error.message,
  );
