/** What a VM takes from a host, and what a host offers. */
export type Size = {
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
};

export const noSize: Size = { vcpus: 0, memoryBytes: 0, diskBytes: 0 };

export const mebibyte = 1024 ** 2;
export const gibibyte = 1024 ** 3;

export const addSize = (a: Size, b: Size): Size => ({
  vcpus: a.vcpus + b.vcpus,
  memoryBytes: a.memoryBytes + b.memoryBytes,
  diskBytes: a.diskBytes + b.diskBytes,
});

export const subtractSize = (a: Size, b: Size): Size => ({
  vcpus: a.vcpus - b.vcpus,
  memoryBytes: a.memoryBytes - b.memoryBytes,
  diskBytes: a.diskBytes - b.diskBytes,
});

export const sameSize = (a: Size, b: Size): boolean =>
  a.vcpus === b.vcpus && a.memoryBytes === b.memoryBytes && a.diskBytes === b.diskBytes;

/** Which part does not fit, most telling first; `null` when all of it does. The same arithmetic for placement and for the reservation that re-checks it. */
export const firstShortage = (wanted: Size, free: Size): 'vcpus' | 'memory' | 'disk' | null => {
  if (wanted.memoryBytes > free.memoryBytes) return 'memory';
  if (wanted.vcpus > free.vcpus) return 'vcpus';
  if (wanted.diskBytes > free.diskBytes) return 'disk';
  return null;
};

/** `1 vCPU, 256 MiB of memory, 1 GiB of disk`: for sentences. */
export const formatSize = ({ vcpus, memoryBytes, diskBytes }: Size): string =>
  `${vcpus} ${vcpus === 1 ? 'vCPU' : 'vCPUs'}, ${formatBytes(memoryBytes)} of memory, ${formatBytes(diskBytes)} of disk`;

/** `256 MiB`, `1 GiB`, `1000 bytes`: the largest unit that is exact. */
export const formatBytes = (bytes: number): string => {
  if (bytes !== 0 && bytes % gibibyte === 0) return `${bytes / gibibyte} GiB`;
  if (bytes !== 0 && bytes % mebibyte === 0) return `${bytes / mebibyte} MiB`;
  return `${bytes} bytes`;
};
