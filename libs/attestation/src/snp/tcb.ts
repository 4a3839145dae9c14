import type { SnpProduct, SnpTcb } from './claims.ts';

/** Bytes of a TCB version that have no meaning in a product's layout, and are zero. */
export const reservedTcbBytes: Readonly<Record<SnpProduct, readonly number[]>> = {
  milan: [2, 3, 4, 5],
  genoa: [2, 3, 4, 5],
  turin: [4, 5, 6],
};

/** The eight bytes of a TCB version in the layout of its product. Read in the wrong one they are plausible and wrong. */
export const readTcb = (bytes: Uint8Array, product: SnpProduct): SnpTcb => {
  const at = (index: number): number => bytes[index] ?? 0;
  return product === 'turin'
    ? { fmc: at(0), bootloader: at(1), tee: at(2), snp: at(3), microcode: at(7) }
    : { fmc: null, bootloader: at(0), tee: at(1), snp: at(6), microcode: at(7) };
};

export type TcbPart = keyof SnpTcb;
const parts: readonly TcbPart[] = ['fmc', 'bootloader', 'tee', 'snp', 'microcode'];

/** Parts of `tcb` below those of `floor`. A part the floor has and the other lacks counts as below. */
export const partsBelow = (tcb: SnpTcb, floor: SnpTcb): readonly TcbPart[] =>
  parts.filter((part) => (tcb[part] ?? -1) < (floor[part] ?? -1));

export const sameTcb = (one: SnpTcb, other: SnpTcb): boolean => parts.every((part) => one[part] === other[part]);

/** `fmc 0, bootloader 1, tee 0, snp 2, microcode 71`. */
export const sayTcb = ({ fmc, bootloader, tee, snp, microcode }: SnpTcb): string =>
  `${fmc === null ? '' : `fmc ${fmc}, `}bootloader ${bootloader}, tee ${tee}, snp ${snp}, microcode ${microcode}`;
