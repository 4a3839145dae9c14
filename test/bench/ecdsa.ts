/** A signature of ECDSA in DER, of two numbers written big-endian. */
export const derOf = (r: Uint8Array, s: Uint8Array): Buffer => {
  const content = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
};

const integer = (digits: Uint8Array): Buffer => {
  const from = digits.findIndex((digit) => digit !== 0);
  const value = Buffer.from(digits.subarray(from));
  const sign = (value[0] ?? 0) >= 0x80 ? [0] : [];
  return Buffer.concat([Buffer.from([0x02, value.length + sign.length, ...sign]), value]);
};
