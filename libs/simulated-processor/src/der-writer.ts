/** The distinguished encoding of what a certificate is made of. Writes only; what reads certificates is #attestation. */

const tlv = (tag: number, ...content: readonly Uint8Array[]): Uint8Array => {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
};

const lengthOf = (length: number): Uint8Array => {
  if (length < 0x80) return Buffer.from([length]);
  const digits = Buffer.from(evenHex(length.toString(16)), 'hex');
  return Buffer.concat([Buffer.from([0x80 | digits.length]), digits]);
};

const evenHex = (digits: string): string => (digits.length % 2 === 0 ? digits : `0${digits}`);

export const sequence = (...items: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...items);

export const set = (...items: readonly Uint8Array[]): Uint8Array => tlv(0x31, ...items);

/** A context tag around whole elements. */
export const explicit = (number: number, ...items: readonly Uint8Array[]): Uint8Array => tlv(0xa0 | number, ...items);

export const octetString = (bytes: Uint8Array): Uint8Array => tlv(0x04, bytes);

/** `unused` is how many bits at the end do not count. */
export const bitString = (bytes: Uint8Array, unused = 0): Uint8Array => tlv(0x03, Buffer.from([unused]), bytes);

export const utf8String = (text: string): Uint8Array => tlv(0x0c, Buffer.from(text, 'utf8'));

export const ia5String = (text: string): Uint8Array => tlv(0x16, Buffer.from(text, 'ascii'));

export const isTrue: Uint8Array = tlv(0x01, Buffer.from([0xff]));

export const nothing: Uint8Array = tlv(0x05);

/** A whole number that is not negative, in its shortest form. */
export const natural = (value: number | bigint): Uint8Array => {
  const digits = Buffer.from(evenHex(value.toString(16)), 'hex');
  return tlv(0x02, ...((digits[0] ?? 0) >= 0x80 ? [Buffer.from([0]), digits] : [digits]));
};

/** An object identifier from its dotted form. */
export const objectIdentifier = (dotted: string): Uint8Array => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, ...[first * 40 + second, ...rest].map(arc));
};

const arc = (value: number): Uint8Array => {
  const groups = [value & 0x7f];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
    groups.unshift((left & 0x7f) | 0x80);
  return Buffer.from(groups);
};

/** A time of a certificate, in whole seconds: two digits of a year until 2049, four from then on (RFC 5280, 4.1.2.5). */
export const time = (ms: number): Uint8Array => {
  const [year = '', rest = ''] = new Date(ms)
    .toISOString()
    .replaceAll(/[-:T]|\.\d+/g, '')
    .split(/(?<=^\d{4})/);
  return Number(year) < 2050
    ? tlv(0x17, Buffer.from(`${year.slice(2)}${rest}`, 'ascii'))
    : tlv(0x18, Buffer.from(`${year}${rest}`, 'ascii'));
};
