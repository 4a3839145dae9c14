import { limits } from './limits.ts';

/** The body of an answer. Rejects one that is longer, before it is all here. */
export const readBounded = async (answer: Response, bytesMax: number): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body ?? []) {
    bytes += part.length;
    if (bytes > bytesMax) throw new Error(`the answer has more than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
};

/** The keys of one page of a listing. Ours hold no character that XML would write otherwise. */
export const keysIn = (page: string): readonly string[] =>
  [...page.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key ?? '');

/** Where the next page begins; `null` after the last one. */
export const nextPageIn = (page: string): string | null => {
  if (!/<IsTruncated>true<\/IsTruncated>/.test(page)) return null;
  const token = /<NextContinuationToken>([^<]+)<\/NextContinuationToken>/.exec(page)?.[1];
  if (token === undefined) throw new Error('the listing is cut and does not say where it goes on');
  return unescaped(token);
};

const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '');

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The store's one-word reason, such as ` (SignatureDoesNotMatch)`. Never more of its answer: it repeats what was sent. */
export const refusalIn = async (answer: Response): Promise<string> => {
  const text = await readBounded(answer, limits.pageBytesMax).then(
    (bytes) => new TextDecoder().decode(bytes),
    () => '',
  );
  const code = /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(text)?.[1];
  return code === undefined ? '' : ` (${code})`;
};
