/** Bounds of what launch prediction takes. Each number carries the reason it has. */
export const measureLimits = {
  /** OVMF builds are 2 to 4 MiB; QEMU maps at most 8 MiB below 4 GiB. */
  firmwareBytesMax: 16 * 1024 * 1024,
  /** The whole GUID table: real ones have six entries in under 300 bytes. */
  footerTableBytesMax: 4_096,
  footerEntriesMax: 64,
  /** OVMF declares seven sections, an SVSM build nine. */
  sectionsMax: 64,
  /** Pages of all sections: 128 MiB, a third of a second of hashing. OVMF declares under 300. */
  sectionPagesMax: 32_768,
  /** KVM takes no VM with more. */
  vcpusMax: 4_096,
  /** Linux reads 2 KiB on x86; whoever gives more gives a file by mistake. */
  commandLineBytesMax: 64 * 1024,
  /** Firmware builds that are remembered: a network runs a few at a time. */
  firmwareRememberedMax: 32,
  /** Single changes that are tried to explain a measurement; each is a few hundred hashes. */
  vcpusTriedMax: 64,
} as const;
