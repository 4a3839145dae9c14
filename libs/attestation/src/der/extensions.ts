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

export type KeyUsage = 'digitalSignature' | 'keyCertSign' | 'cRLSign';

const usageBits: Readonly<Record<KeyUsage, number>> = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 };

/** Whether a key may be used so; `null` where the certificate does not restrict it. */
export const keyUsageAllows = (extensions: ReadonlyMap<string, Extension>, usage: KeyUsage): boolean | null => {
  const found = extensions.get(extensionIds.keyUsage);
  if (found === undefined) return null;
  const outside = new DerReader(found.value, 'keyUsage');
  const { bytes } = outside.bits('bits');
  outside.end();
  const bit = usageBits[usage];
  return ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
};
