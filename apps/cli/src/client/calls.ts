import { z } from 'zod';
import { badAnswer } from '../cli-error.ts';
import { limits } from '../limits.ts';
import type { Http, Query } from './http.ts';
import { type Accepted, accepted, items, stale } from './views.ts';

/** A name as a part of an address. */
export const at = encodeURIComponent;

/** A list page by page: whole, or its first `rowsMax`. Refuses a whole one that does not end within {@link limits.pagesMax} pages. */
export const list = async <Item extends z.ZodType>(
  http: Http,
  path: string,
  item: Item,
  query: Query = {},
  rowsMax = Number.POSITIVE_INFINITY,
): Promise<readonly z.infer<Item>[]> => {
  const all: z.infer<Item>[] = [];
  let after: string | undefined;
  for (let pages = 0; pages < limits.pagesMax; pages += 1) {
    const wanted = rowsMax - all.length;
    const limit = wanted < limits.pageRowsMax ? wanted : undefined;
    const page = await http.ask(path, items(item), { query: { ...query, limit, after } });
    all.push(...page.items);
    if (page.next === null || page.next === undefined || all.length >= rowsMax) return all;
    after = page.next;
  }
  throw badAnswer('list-too-long', `GET ${path} has more than ${all.length} rows`);
};

/** The form of a list that is a part of one thing, with what is not followed of that. */
export const part = <Item extends z.ZodType>(item: Item) => z.looseObject({ items: z.array(item), stale });

/** Gives a command. */
export const post = (http: Http, path: string, body: unknown = {}): Promise<Accepted> =>
  http.ask(path, accepted, { method: 'POST', body });

/** Gives the command to take something away. */
export const remove = (http: Http, path: string): Promise<Accepted> => http.ask(path, accepted, { method: 'DELETE' });
