import { Malformed } from '../malformed.ts';
import { extensionsMax } from './limits.ts';
import { DerReader } from './reader.ts';
import { derTags } from './tags.ts';

export interface Extension {
  readonly critical: boolean;
  /** The content of its OCTET STRING. */
  readonly value: Uint8Array;
}

export const extensionIds = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** Extensions by their identifier. Refuses two of one kind, because two readers would take different ones. */
export const readExtensions = (from: DerReader): ReadonlyMap<string, Extension> => {
  const list = from.sequence('list');
  from.end();
  const extensions = new Map<string, Extension>();
  while (list.left > 0) {
    const one = list.sequence('extension');
    const identifier = one.objectIdentifier('identifier');
    const critical = one.nextTag === derTags.boolean ? one.boolean('critical') : false;
    const value = one.octetString('value');
    one.end();
    if (extensions.has(identifier)) {
      throw new Malformed('wrong-value', `${list.what}.${identifier}`, 'a second time', 'once');
    }
    extensions.set(identifier, { critical, value });
    if (extensions.size > extensionsMax) {
      throw new Malformed('too-large', list.what, `${extensions.size} extensions`, `at most ${extensionsMax}`);
    }
  }
  return extensions;
};

/** `null` where the extension is absent: the certificate is no authority. */
export const basicConstraintsOf = (
  extensions: ReadonlyMap<string, Extension>,
): { readonly authority: boolean; readonly pathLength: number | null } | null => {
  const found = extensions.get(extensionIds.basicConstraints);
  if (found === undefined) return null;
  const outside = new DerReader(found.value, 'basicConstraints');
  const inside = outside.sequence('constraints');
  outside.end();
  const authority = inside.nextTag === derTags.boolean ? inside.boolean('cA') : false;
  const pathLength = inside.left > 0 ? inside.natural('pathLenConstraint') : null;
  inside.end();
  return { authority, pathLength };
};

/** What a key may be used for, by the number of its bit (RFC 5280, 4.2.1.3). */
const usages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const;
export type KeyUsage = (typeof usages)[number];

/** `null` where the certificate does not restrict its key. */
export const keyUsagesOf = (extensions: ReadonlyMap<string, Extension>): ReadonlySet<KeyUsage> | null => {
  const bits = usageBits(extensions);
  return bits === null ? null : new Set(usages.filter((_, bit) => isSet(bits, bit)));
};

/** Whether a key may be used so; `null` where the certificate does not restrict it. */
export const keyUsageAllows = (extensions: ReadonlyMap<string, Extension>, usage: KeyUsage): boolean | null => {
  const bits = usageBits(extensions);
  return bits === null ? null : isSet(bits, usages.indexOf(usage));
};

const usageBits = (extensions: ReadonlyMap<string, Extension>): Uint8Array | null => {
  const found = extensions.get(extensionIds.keyUsage);
  if (found === undefined) return null;
  const outside = new DerReader(found.value, 'keyUsage');
  const bits = outside.bits('bits');
  outside.end();
  return bits;
};

const isSet = (bits: Uint8Array, bit: number): boolean => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
