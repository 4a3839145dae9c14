/** The 16 bytes of a GUID as UEFI and AMD store it: the first three groups little-endian, the rest as written. */
export const guidBytes = (text: string): Buffer => {
  const hex = Buffer.from(text.replaceAll('-', ''), 'hex');
  hex.subarray(0, 4).reverse();
  hex.subarray(4, 6).reverse();
  hex.subarray(6, 8).reverse();
  return hex;
};

/** The written form of 16 such bytes, lower case. */
export const guidText = (bytes: Uint8Array): string => {
  const swapped = Buffer.from(bytes.subarray(0, 16));
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};
