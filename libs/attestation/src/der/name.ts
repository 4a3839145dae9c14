import { Malformed } from '../malformed.ts';
import { nameAttributesMax } from './limits.ts';
import type { DerReader } from './reader.ts';
import { derTags } from './tags.ts';

export interface Name {
  /** As it is signed: names are the same when their bytes are. */
  readonly raw: Uint8Array;
  /** The common name; `null` where there is none, or one that is no text, or several. */
  readonly commonName: string | null;
}

const commonNameAttribute = '2.5.4.3';
const texts: readonly number[] = [derTags.utf8String, derTags.printableString, derTags.ia5String];

/** A distinguished name. Of its attributes only the common name is decoded; the rest is compared by bytes. */
export const readName = (from: DerReader, field: string): Name => {
  const inside = from.sequence(field);
  const commonNames: (string | null)[] = [];
  for (let attributes = 0; inside.left > 0; ) {
    const set = inside.set('relativeName');
    do {
      attributes += 1;
      if (attributes > nameAttributesMax) {
        throw new Malformed('too-large', inside.what, 'more attributes', `at most ${nameAttributesMax}`);
      }
      const attribute = set.sequence('attribute');
      const type = attribute.objectIdentifier('type');
      if (type === commonNameAttribute) commonNames.push(textOf(attribute));
      else attribute.skip('value');
      attribute.end();
    } while (set.left > 0);
  }
  const [commonName = null, ...others] = commonNames;
  return { raw: inside.raw, commonName: others.length === 0 ? commonName : null };
};

const textOf = (attribute: DerReader): string | null => {
  const { nextTag } = attribute;
  if (nextTag !== undefined && texts.includes(nextTag)) return attribute.string('commonName');
  attribute.skip('value');
  return null;
};
