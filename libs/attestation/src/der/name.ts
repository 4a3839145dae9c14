import { Malformed } from '../malformed.ts';
import { nameAttributesMax } from './limits.ts';
import { DerReader } from './reader.ts';
import { type DerElement, derTags } from './tags.ts';

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
  const element = from.tagged(derTags.sequence, field);
  const inside = new DerReader(element.content, `${from.what}.${field}`, from.depth + 1);
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
      const value = attribute.element('value');
      attribute.end();
      if (type === commonNameAttribute) commonNames.push(textOf(value, inside.what));
    } while (set.left > 0);
  }
  const [commonName = null, ...others] = commonNames;
  return { raw: element.raw, commonName: others.length === 0 ? commonName : null };
};

const textOf = (value: DerElement, what: string): string | null =>
  texts.includes(value.tag) ? new DerReader(value.raw, what).string('commonName') : null;
