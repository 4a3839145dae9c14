import { type KernelLine, parseKernelLine, wordOf } from '../kernel-line.ts';
import { Stop } from '../stop.ts';

/** What an owner's VM was started as: the network it believes, and the base image its volume is filled from. */
export type VmKernelLine = KernelLine & {
  /** The network's Ed25519 key, 32 bytes. */
  readonly networkKey: Uint8Array;
  readonly base: VerifiedBase;
};

/** A dm-verity tree by what nobody can change: its root hash, its salt (hex, maybe none) and how many blocks it covers. */
export type VerifiedBase = { readonly rootHash: string; readonly salt: string; readonly dataBlocks: number };

/** Reads what {@link parseKernelLine} does and `hcc.key=`, `hcc.base=`, each exactly once. Stops with `kernel-line`. Pure. */
export const parseVmKernelLine = (text: string): VmKernelLine => {
  const line = parseKernelLine(text);
  const key = wordOf(text, 'hcc.key');
  if (!/^[0-9a-f]{64}$/.test(key)) throw new Stop('kernel-line', `hcc.key is ${key}, wanted 64 hex digits`);
  return { ...line, networkKey: Buffer.from(key, 'hex'), base: readBase(wordOf(text, 'hcc.base')) };
};

const readBase = (word: string): VerifiedBase => {
  const [, rootHash, salt, blocks] = /^([0-9a-f]{64}):((?:[0-9a-f]{2}){0,64}):([1-9][0-9]{0,11})$/.exec(word) ?? [];
  if (rootHash === undefined || salt === undefined || blocks === undefined) {
    throw new Stop('kernel-line', `hcc.base is ${word}, wanted root hash and salt in hex and a number of blocks`);
  }
  return { rootHash, salt, dataBlocks: Number(blocks) };
};
