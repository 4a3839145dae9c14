import { Malformed } from '../malformed.ts';
import { type DerElement, derTags } from './tags.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a UTF-8, printable or IA5 string; refuses other kinds, and bytes that are none of it. */
export const readText = ({ tag, content }: DerElement, what: string): string => {
  const refused = (observed: string, wanted: string) => new Malformed('not-der', what, observed, wanted);
  const ascii = tag === derTags.printableString || tag === derTags.ia5String;
  if (!ascii && tag !== derTags.utf8String) throw refused(`tag ${tag.toString(16)}`, 'a string');
  if (ascii && content.some((byte) => byte > 0x7f)) throw refused('bytes above 7f', 'ASCII');
  try {
    return utf8.decode(content);
  } catch {
    throw refused('bytes that are no UTF-8', 'UTF-8');
  }
};
