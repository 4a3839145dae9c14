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
