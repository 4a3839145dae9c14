/** Numbers from a seed, below `below`: the same seed gives the same run. */
export type Dice = (below: number) => number;

export const diceOf = (seed: number): Dice => {
  // Mulberry32: small, and good enough to choose bytes with.
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
};

/** What lengths, counts and flags break at. */
const edges = [0x00, 0x01, 0x30, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xff];
const changesMax = 4;
export const inputBytesMax = 64 * 1024;

/** A neighbour of `one`: some of its bytes changed, cut, doubled, or taken from `other`. */
export const mutated = (one: Uint8Array, other: Uint8Array, dice: Dice): Uint8Array => {
  let bytes = Buffer.from(one);
  for (let n = dice(changesMax) + 1; n > 0; n -= 1) bytes = change(bytes, other, dice);
  return bytes.subarray(0, inputBytesMax);
};

const change = (bytes: Buffer<ArrayBuffer>, other: Uint8Array, dice: Dice): Buffer<ArrayBuffer> => {
  const at = dice(bytes.length + 1);
  const length = dice(Math.min(64, bytes.length - at + 1));
  switch (dice(6)) {
    case 0:
      return replaced(bytes, at, 1, [(bytes[at] ?? 0) ^ (1 << dice(8))]);
    case 1:
      return replaced(bytes, at, 1, [edges[dice(edges.length)] ?? 0]);
    case 2:
      return replaced(bytes, at, length, []);
    case 3:
      return replaced(bytes, at, 0, bytes.subarray(at, at + length));
    case 4: {
      const from = dice(other.length + 1);
      return replaced(bytes, at, length, other.subarray(from, from + dice(64)));
    }
    default:
      return replaced(bytes, at, bytes.length, []);
  }
};

const replaced = (bytes: Buffer, at: number, length: number, by: ArrayLike<number>): Buffer<ArrayBuffer> =>
  Buffer.concat([bytes.subarray(0, at), Uint8Array.from(by), bytes.subarray(at + length)]);
