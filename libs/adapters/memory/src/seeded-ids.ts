import { createHash } from 'node:crypto';
import type { Ids } from '#events';

/** Ids that look random and are the same for the same seed: for the simulator and for tests that show ids. */
export const createSeededIds = (seed: string | number): Ids => {
  let made = 0;
  return {
    uuid: () => {
      made += 1;
      const bytes = createHash('sha256').update(`${seed}\n${made}`).digest().subarray(0, 16);
      bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
      bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
      const hex = bytes.toString('hex');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    },
  };
};
