import { badAnswer, usageError } from './cli-error.ts';
import { limits } from './limits.ts';

/** What a thing may be called by: its whole id, its whole name, or the beginning of its id. */
export type Named = { readonly id: string; readonly name: string; readonly gone?: boolean };

/** The one thing meant by `text`. A whole id wins over a name, a name over a prefix, and what still exists over what is
 *  gone. Refuses `not-found` (exit 1), and `ambiguous` (exit 2) with the candidates. */
export const matchOne = <Item>(
  what: string,
  text: string,
  items: readonly Item[],
  named: (item: Item) => Named,
): Item => {
  const wanted = text.toLowerCase();
  const attempts = [
    items.filter((item) => named(item).id === wanted),
    items.filter((item) => named(item).name === text),
    wanted === '' ? [] : items.filter((item) => named(item).id.startsWith(wanted)),
  ];
  const found = attempts.find((candidates) => candidates.length > 0) ?? [];
  const there = found.filter((item) => named(item).gone !== true);
  const candidates = there.length > 0 ? there : found;
  const [only] = candidates;
  if (only === undefined) {
    throw badAnswer('not-found', `no ${what} is called "${text}"`, { fix: `hcc ${what} ls` });
  }
  if (candidates.length === 1) return only;
  throw usageError('ambiguous', `"${text}" may mean ${candidates.length} ${what}s`, {
    more: candidates.slice(0, limits.candidatesShownMax).map((item) => `${named(item).id}  ${named(item).name}`),
    wanted: 'one of them: a longer beginning of its id',
  });
};
