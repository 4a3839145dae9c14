import { pageBytes } from './page.ts';

/** Who starts the VM. Each sets a vCPU's first registers in its own way, and they are measured. */
export const vmms = ['qemu', 'ec2', 'gce'] as const;
export type Vmm = (typeof vmms)[number];

/** Where the first vCPU of any x86 machine begins. */
export const resetVector = 0xffff_fff0;

/** Attributes and registers in which the VMMs differ. */
const differences = {
  qemu: { cs: 0x9b, bspCs: 0x9b, ss: 0x93, tr: 0x8b, mxcsr: 0x1f80, fcw: 0x37f, pat: 0x0007_0406_0007_0406n },
  ec2: { cs: 0x9b, bspCs: 0x9a, ss: 0x92, tr: 0x83, mxcsr: 0, fcw: 0, pat: 0x0007_0406_0007_0406n },
  gce: { cs: 0x9b, bspCs: 0x9b, ss: 0x93, tr: 0x8b, mxcsr: 0, fcw: 0, pat: 0x7_0106n },
} as const;

/** EDX at reset where the VMM does not say which processor it is. */
const anyProcessor = 0x600;

/** The state a vCPU starts with, as SEV-SNP measures it: one page, registers at the offsets of AMD's manual. */
export const vmsaPage = (vmm: Vmm, eip: number, cpuSignature: number, sevFeatures: bigint): Uint8Array => {
  const page = Buffer.alloc(pageBytes);
  const { cs, bspCs, ss, tr, mxcsr, fcw, pat } = differences[vmm];
  const segment = (at: number, attributes: number, selector = 0, base = 0): void => {
    page.writeUInt16LE(selector, at);
    page.writeUInt16LE(attributes, at + 2);
    page.writeUInt32LE(0xffff, at + 4);
    page.writeBigUInt64LE(BigInt(base), at + 8);
  };
  segment(0x00, 0x93);
  segment(0x10, eip === resetVector ? bspCs : cs, 0xf000, (eip & 0xffff_0000) >>> 0);
  segment(0x20, ss);
  for (const at of [0x30, 0x40, 0x50]) segment(at, 0x93);
  segment(0x60, 0);
  segment(0x70, 0x82);
  segment(0x80, 0);
  segment(0x90, tr);
  page.writeBigUInt64LE(0x1000n, 0x0d0); // efer: SVME
  page.writeBigUInt64LE(0x40n, 0x148); // cr4: MCE
  page.writeBigUInt64LE(0x10n, 0x158); // cr0: ET
  page.writeBigUInt64LE(0x400n, 0x160); // dr7
  page.writeBigUInt64LE(0xffff_0ff0n, 0x168); // dr6
  page.writeBigUInt64LE(0x2n, 0x170); // rflags
  page.writeBigUInt64LE(BigInt(eip & 0xffff), 0x178); // rip
  page.writeBigUInt64LE(pat, 0x268);
  page.writeBigUInt64LE(BigInt(vmm === 'qemu' ? cpuSignature : anyProcessor), 0x310); // rdx
  page.writeBigUInt64LE(sevFeatures, 0x3b0);
  page.writeBigUInt64LE(1n, 0x3e8); // xcr0
  page.writeUInt32LE(mxcsr, 0x408);
  page.writeUInt16LE(fcw, 0x410);
  return page;
};
