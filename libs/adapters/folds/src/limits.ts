/** Events between two copies of a fold: at some 50 us each, a start reads on for a second, and a copy takes milliseconds. */
export const foldEveryEvents = 20_000;
/** The line before a copy: some 400 bytes. */
export const headCharsMax = 4_096;
/** A copy larger than this is neither written nor read: with 100,000 VMs a fold comes to some 50 MB. */
export const foldBytesMax = 1024 * 1024 * 1024;
